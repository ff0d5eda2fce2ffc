// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "arguments.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;

namespace {

constexpr std::string_view jobs_option = "--jobs";
constexpr std::string_view in_program_option = "--in-program";

std::size_t read_jobs(std::string_view text) {
  std::size_t jobs = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (error != std::errc{} || end != text.data() + text.size() || jobs == 0)
    throw ut::framework::setup_error{"--jobs needs a number above 0"};
  return jobs;
}

/// Whether an argument is most likely meant for this library: `-j8`, `--job=8`, `--jobs8`,
/// `--in-process`, `--in_program` as Boost.Test writes its own. The module may have others, such as
/// `--join` and `-json`.
bool looks_like_ours(std::string_view argument) {
  std::string name{argument.substr(0, argument.find('='))};
  while (!name.empty() && name.back() >= '0' && name.back() <= '9') name.pop_back();
  std::replace(name.begin(), name.end(), '_', '-');
  return name == "-j" || name == "--job" || name == jobs_option || name == "--inprogram" ||
         name.starts_with("--in-process") || name.starts_with(in_program_option);
}

}  // namespace

arguments read_arguments() {
  const ut::master_test_suite_t& module = ut::framework::master_test_suite();
  arguments read;
  for (int i = 1; i < module.argc; ++i) {
    std::string_view const argument = module.argv[i];
    auto const name = argument.substr(0, argument.find('='));
    if (argument == jobs_option)
      read.jobs = read_jobs(++i < module.argc ? module.argv[i] : "");
    else if (name == jobs_option)
      read.jobs = read_jobs(argument.substr(name.size() + 1));
    else if (argument == in_program_option)
      read.in_program = true;
    else if (looks_like_ours(argument))
      throw ut::framework::setup_error{"isolatte::test knows no argument " + std::string{argument} +
                                       ", but --jobs N and --in-program"};
  }
  return read;
}

}  // namespace isolatte::inline v0_1::test
