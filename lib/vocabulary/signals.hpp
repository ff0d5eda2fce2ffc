// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_VOCABULARY_SIGNALS_HPP
#define ISOLATTE_LIB_VOCABULARY_SIGNALS_HPP

#include <string>

namespace isolatte::inline v0_1::detail {

/// Tells whether a signal is a fault, so that an end by it is ending::faulted.
bool is_fault(int signal) noexcept;

/// Tells whether people and systems end a process by the signal, rather than a process itself by
/// what it does: a limit that it exceeds, a pipe without a reader, a timer.
bool is_request_to_end(int signal) noexcept;

/// Returns "SIGSEGV", "SIGRTMIN+3", or "signal 99" if there is no such name.
std::string signal_name(int signal);

}  // namespace isolatte::inline v0_1::detail

#endif
