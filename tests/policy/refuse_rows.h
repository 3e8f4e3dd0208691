// Rows of "this document with this patch makes these mistakes".
#pragma once

#include <gtest/gtest.h>

#include <span>

#include "tests/policy/documents.h"

namespace sallyport::policy {

struct RefuseRow {
  const char* kind;
  const char* patch;
  const char* lines;
};

inline void expect_rows(std::span<const RefuseRow> rows) {
  for (const RefuseRow& row : rows) {
    const auto document = patched(document_of(row.kind), row.patch);
    EXPECT_EQ(mistakes_of(document), row.lines) << row.kind << " with " << row.patch;
  }
}

}  // namespace sallyport::policy
