// The tables of all keys that the resource kinds have: what read_resource checks and resource_schema prints.
#pragma once

#include "base/shape.h"
#include "policy/resource.h"

namespace sallyport::policy {

const Shape& resource_shape(Kind kind);
const Shape& provider_shape();  // of kIdentityProvider: provider_shapes.cc

}  // namespace sallyport::policy
