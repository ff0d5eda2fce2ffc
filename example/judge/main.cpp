// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: judge [-]
// Judges untrusted submissions: expressions, and attempts to do more than compute. Each runs in a
// sandboxed child of its own. With - they come from standard input, one a line; else they are a few
// examples.

#include "submissions.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using verdict = isolatte::outcome<std::string>;

//[limits
isolatte::options harsh() {
  return {.out = isolatte::capture{1024},
          .timeout = 2s,
          .limits = {.address_space = std::uint64_t{256} << 20, .core_size = 0},
          .sandbox = isolatte::sandbox::pure()};
}
//]

//[stopped
// Says what stopped a submission.
std::string describe(const verdict& from) {
  if (from) return from.value();
  if (from.how() == isolatte::ending::threw) {
    try {
      std::rethrow_exception(from.exception());
    } catch (const std::exception& error) {
      return std::string{"refused: "} + error.what();
    }
  }
  if (from.fault() && !from.fault()->system_call.empty())
    return "stopped: the system call " + from.fault()->system_call + " is not allowed";
  std::ostringstream text;
  text << "stopped: " << from;
  return text.str();
}
//]

class judge_of_lines {
 public:
  explicit judge_of_lines(std::istream& input) : input_{input} {}

  // Judges one submission after the other. The event loop does not wait for any of them.
  void next() {
    std::string line;
    if (!std::getline(input_, line)) return;
    //[judge
    isolatte::async_fork(
        context_, [line] { return judge::evaluate(line); }, harsh(),
        [this, line](boost::system::error_code error, const verdict& result) {
          if (error)
            std::cout << line << "\t-> not judged: " << error.message() << '\n';
          else
            std::cout << line << "\t-> " << describe(result) << '\n';
          next();
        });
    //]
  }
  void run() { context_.run(); }

 private:
  std::istream& input_;
  asio::io_context context_{1};
};

}  // namespace

int main(int argc, char*[]) {
  //[gaps
  auto const gaps = isolatte::sandbox_support().gaps(isolatte::sandbox::pure());
  for (auto const& gap : gaps) std::cerr << "judge: " << gap << '\n';
  if (!gaps.empty()) return EXIT_FAILURE;
  //]
  std::istringstream examples{
      "1 + 2 * (3 - 4)\n1 / 0\nsteal\nphone\nbomb\ndevour\nshoot\nshell\nspin\nrubbish\n6 * 7\n"};
  judge_of_lines judge{argc > 1 ? std::cin : static_cast<std::istream&>(examples)};
  judge.next();
  judge.run();
  std::cout << "The judge is unharmed.\n";
}
