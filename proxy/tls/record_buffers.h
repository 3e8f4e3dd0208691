// OpenSSL gives the buffer of a connection's records back as soon as it is empty (SSL_MODE_RELEASE_BUFFERS, which keeps
// an idle connection small) and asks for one again with the next record: twice per request, and too large for the C
// library's quick lists. Each thread keeps a few of them at hand.
#pragma once

namespace sallyport::proxy {

// Before anything else uses OpenSSL; too late changes nothing. Where a sanitizer watches the heap it does nothing.
// cost: at most 8 buffers of 18 KiB per thread that speaks TLS.
void keep_record_buffers();

}  // namespace sallyport::proxy
