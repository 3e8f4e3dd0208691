"""A SAML service provider on Lasso (python3-lasso): shares no line with the gateway or the identity providers, and proves them."""
import re
import subprocess
from pathlib import Path

try:
    import lasso
except ImportError:
    lasso = None

BASE = "https://party.example.test"  # nobody is there: its messages are taken from the forms and redirects that lead to it
_METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{base}/metadata"><SPSSODescriptor
 AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{base}/slo"/>
<AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
 Location="{base}/acs"/></SPSSODescriptor></EntityDescriptor>"""
_KEY = ('<KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{text}'
        '</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>')


class LassoParty:
    """folder: made here."""
    entity_id, consumer = f"{BASE}/metadata", f"{BASE}/acs"

    def __init__(self, folder):
        self.dir = Path(folder)
        self.dir.mkdir()
        self._key, self.certificate = self.dir / "party.key", self.dir / "party.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=party", "-keyout",
                        self._key, "-out", self.certificate], check=True, stderr=subprocess.DEVNULL)
        text = "".join(line for line in self.certificate.read_text().splitlines() if "---" not in line)
        self.metadata = _METADATA.format(base=BASE, keys="".join(_KEY.format(use=use, text=text) for use in ("signing", "encryption")))
        (self.dir / "party.xml").write_text(self.metadata)

    def meet(self, metadata):
        """From now on it is that identity provider's, by its metadata of now."""
        (self.dir / "provider.xml").write_text(metadata)
        self._server = lasso.Server(str(self.dir / "party.xml"), str(self._key), None, str(self.certificate))
        self._server.setEncryptionPrivateKey(str(self._key))
        self._server.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
        self._server.addProvider(lasso.PROVIDER_ROLE_IDP, str(self.dir / "provider.xml"))
        self._provider = re.search(r'entityID="([^"]+)"', metadata)[1]
        self._login = lasso.Login(self._server)
        return self

    def request(self, by="Redirect", signed=True):
        """Asks for a persistent NameID. (url, fields): where the browser goes, and the form it sends there, None with a redirect."""
        self._login = lasso.Login(self._server)
        self._login.initAuthnRequest(self._provider, lasso.HTTP_METHOD_POST if by == "POST" else lasso.HTTP_METHOD_REDIRECT)
        request = self._login.request
        request.protocolBinding, request.nameIdPolicy = lasso.SAML2_METADATA_BINDING_POST, lasso.Samlp2NameIDPolicy()
        request.nameIdPolicy.format, request.nameIdPolicy.allowCreate = lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT, True
        if not signed:
            self._login.setSignatureHint(lasso.PROFILE_SIGNATURE_HINT_FORBID)
        self._login.buildAuthnRequestMsg()
        return self._login.msgUrl, {"SAMLRequest": self._login.msgBody} if by == "POST" else None

    def accept(self, posted):
        """(NameID, {attribute: [values]}) of SAMLResponse; raises lasso.Error when Lasso does not believe it."""
        self._login.processAuthnResponseMsg(posted)
        self._login.acceptSso()
        said = {}
        for statement in self._login.assertion.attributeStatement:
            for attribute in statement.attribute:
                said[attribute.name] = [re.sub("<[^>]+>", "", part.exportToXml()) for value in attribute.attributeValue for part in value.any]
        return self._login.nameIdentifier.content, said

    def sign_out(self):
        """The URL of a LogoutRequest for whoever signed in last."""
        self._logout = lasso.Logout(self._server)
        self._logout.setSessionFromDump(self._login.session.dump())
        self._logout.initRequest(self._provider, lasso.HTTP_METHOD_REDIRECT)
        self._logout.buildRequestMsg()
        return self._logout.msgUrl

    def signed_out(self, query):
        """Takes the answer to sign_out()."""
        self._logout.processResponseMsg(query)

    def told_to_sign_out(self, query):
        """Takes a LogoutRequest; the URL of the answer."""
        logout = lasso.Logout(self._server)
        logout.setSessionFromDump(self._login.session.dump())
        logout.processRequestMsg(query)
        logout.validateRequest()
        logout.buildResponseMsg()
        return logout.msgUrl


def missing():
    return None if lasso else "no python3-lasso"
