#include "base/task.h"

#include "base/recycled.h"

namespace sallyport::task_detail {

void* allocate_frame(size_t size) { return take_piece(size); }
void free_frame(void* frame, size_t size) noexcept { give_back_piece(frame, size); }

}  // namespace sallyport::task_detail
