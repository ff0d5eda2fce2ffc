// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_TYPE_TOKEN_HPP
#define ISOLATTE_DETAIL_ARCHIVE_TYPE_TOKEN_HPP

namespace isolatte::inline v0_1::detail {

/// The address of type_token<T> stands for T.
template <class T>
inline char type_token{};

}  // namespace isolatte::inline v0_1::detail

#endif
