# embed_files(TARGET NAME GLOB...): makes the matching files part of TARGET as
#   #include "embedded/NAME.h"   ->   std::span<const EmbeddedFile> NAME();   {name, bytes}, sorted by name.
function(embed_files target name)
  if(NOT TARGET ${target})
    return()
  endif()
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND ${CMAKE_SOURCE_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${patterns})
  list(SORT files)
  set(out ${CMAKE_BINARY_DIR}/embedded/${name})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/embedded)
  file(WRITE ${out}.h.new "#pragma once\n#include <span>\n#include \"base/embedded_file.h\"\nnamespace sallyport {\nstd::span<const EmbeddedFile> ${name}();\n}\n")
  file(COPY_FILE ${out}.h.new ${out}.h ONLY_IF_DIFFERENT)
  add_custom_command(OUTPUT ${out}.cc
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DNAME=${name} -DOUT=${out}.cc -P ${CMAKE_SOURCE_DIR}/base/embed_script.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/base/embed_script.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out}.cc)
  target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR})
endfunction()
