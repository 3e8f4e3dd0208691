// The table of all keys of the configuration file: what read_node_config checks and configuration_schema prints.
#pragma once

#include "base/shape.h"

namespace sallyport::conf {

const Shape& configuration_shape();

}  // namespace sallyport::conf
