// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_ARCHIVE_EXPORTED_CLASSES_HPP
#define ISOLATTE_LIB_ARCHIVE_EXPORTED_CLASSES_HPP

#include "archive/type_registry.hpp"

#include <isolatte/detail/archive/object_class.hpp>

namespace isolatte::inline v0_1::detail {

/// The classes that BOOST_CLASS_EXPORT names.
type_registry<heap_class>& exported_classes() noexcept;

}  // namespace isolatte::inline v0_1::detail

#endif
