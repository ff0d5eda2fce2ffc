// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "archive/exported_classes.hpp"

#include <isolatte/detail/archive/class_export.hpp>

namespace isolatte::inline v0_1::detail {

namespace {

constinit type_registry<heap_class> classes;

}  // namespace

type_registry<heap_class>& exported_classes() noexcept { return classes; }

exported_class::exported_class(const heap_class& objects) : objects_{objects} {
  classes.add(objects);
}

exported_class::~exported_class() { classes.remove(objects_); }

}  // namespace isolatte::inline v0_1::detail
