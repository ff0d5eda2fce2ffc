// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/output_archive.hpp>

// The .ipp file has no include guard: a unity build fails if a second source includes it.
#include <boost/archive/impl/archive_serializer_map.ipp>

template class boost::archive::detail::archive_serializer_map<isolatte::detail::input_archive>;
template class boost::archive::detail::archive_serializer_map<isolatte::detail::output_archive>;
