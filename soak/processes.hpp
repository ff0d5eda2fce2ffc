// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_PROCESSES_HPP
#define ISOLATTE_SOAK_PROCESSES_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace soak {

// Questions to /proc about this program and its children.

/// The children of this process, zombies included.
std::vector<int> children();
/// Whether the system itself knows of a child.
bool has_children();
/// The name of a process, or nothing if there is none.
std::string name_of_process(int pid);
/// A line that describes a process.
std::string describe_process(int pid);
/// The open descriptors of this process, each with its target.
std::vector<std::string> open_descriptors();
std::size_t threads_of_program();
std::size_t resident_bytes();

}  // namespace soak

#endif
