// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "processes.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace fs = std::filesystem;

std::vector<int> children() {
  std::vector<int> found;
  std::error_code ignored;
  for (auto const& task : fs::directory_iterator{"/proc/self/task", ignored}) {
    std::ifstream file{task.path() / "children"};
    for (int pid; file >> pid;) found.push_back(pid);
  }
  return found;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

std::string name_of_process(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/comm"};
  std::string name;
  std::getline(file, name);
  return name;
}

std::string describe_process(int pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(stat, line);
  std::ifstream wait{"/proc/" + std::to_string(pid) + "/wchan"};
  std::string where;
  std::getline(wait, where);
  // The exit code is the last number.
  return line.substr(0, 60) + " ... " + line.substr(line.rfind(' ') + 1) + " in " + where;
}

std::vector<std::string> open_descriptors() {
  std::vector<std::string> found;
  std::error_code gone;
  for (auto const& entry : fs::directory_iterator{"/proc/self/fd", gone}) {
    auto const target = fs::read_symlink(entry.path(), gone);
    // The descriptor of the directory itself is closed by now.
    if (gone || target.string().ends_with("/fd")) continue;
    found.push_back(entry.path().filename().string() + " -> " + target.string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::size_t threads_of_program() {
  std::error_code ignored;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{"/proc/self/task", ignored}, fs::directory_iterator{}));
}

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace soak
