// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// isolatte-run: runs programs under supervision, from the shell.

#include "outcome_report.hpp"
#include "request.hpp"
#include "run_map.hpp"
#include "run_one.hpp"
#include "standard_files.hpp"
#include "text_output.hpp"

#include <isolatte/config.hpp>

#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

void print_version(std::ostream& to) {
  to << "isolatte-run " << ISOLATTE_VERSION / 100000 << '.' << ISOLATTE_VERSION / 100 % 1000 << '.'
     << ISOLATTE_VERSION % 100 << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace isolatte_run;
  occupy_closed_standard_files();
  request const what = parse({argv + 1, argv + argc});
  std::ostringstream text;
  switch (what.what) {
    case request::kind::help: print_help(text); break;
    case request::kind::version: print_version(text); break;
    case request::kind::run: return run_one(what);
    case request::kind::map: return run_map(what);
  }
  text_output output{1, "the text"};
  output.write(text.str());
  output.check();
  return 0;
} catch (const isolatte_run::wrong_arguments& error) {
  std::cerr << "isolatte-run: " << error.what() << "\nisolatte-run --help tells more.\n";
  return isolatte_run::command_failed;
} catch (const std::exception& error) {
  std::cerr << "isolatte-run: " << error.what() << '\n';
  return isolatte_run::command_failed;
}
