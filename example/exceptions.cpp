// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// An exception of the callable is thrown again in the program, with its type and data.

#include <isolatte.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

//[register
struct parse_error : std::runtime_error {
  explicit parse_error(const std::string& message, int line = 0)
      : std::runtime_error{message}, line{line} {}

  // The members of this class alone: the message is sent anyway.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & line;
  }

  int line;
};
ISOLATTE_REGISTER_EXCEPTION(parse_error)
//]

struct unheard_of : std::out_of_range {
  using std::out_of_range::out_of_range;
};

namespace {

void registered() {
  //[registered
  auto const result = isolatte::fork([] { throw parse_error("unexpected comma", 7); });
  try {
    result.value();
  } catch (const parse_error& error) {
    std::cout << "registered: " << error.what() << " in line " << error.line << '\n';
  }
  //]
}

void unregistered() {
  //[remote
  auto const result = isolatte::fork([] { throw unheard_of("no such shelf"); });
  try {
    result.value();
  } catch (const std::out_of_range& error) {  // the nearest registered base
    std::cout << "unregistered: " << error.what();
    if (auto const* remote = dynamic_cast<const isolatte::remote_exception*>(&error))
      std::cout << ", thrown as " << remote->type_name();
    std::cout << '\n';
  }
  //]
}

void no_exception() {
  auto const result = isolatte::fork([] { throw 42; });
  try {
    result.value();
  } catch (const isolatte::remote_exception& error) {
    std::cout << "not an exception: " << error.type_name() << ' ' << error.message() << '\n';
  }
}

//[nested
void print(const std::exception& error, int depth = 0) {
  std::cout << "nested " << depth << ": " << error.what() << '\n';
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    print(inner, depth + 1);
  }
}

void nested() {
  auto const result = isolatte::fork([] {
    try {
      throw parse_error("unexpected comma", 7);
    } catch (...) {
      std::throw_with_nested(std::runtime_error("the configuration cannot be read"));
    }
  });
  try {
    result.value();
  } catch (const std::exception& error) {
    print(error);
  }
}
//]

void abnormal() {
  //[abnormal
  auto const result = isolatte::fork([]() -> int { std::abort(); });
  try {
    std::cout << result.value();
  } catch (const isolatte::abnormal_end& end) {
    std::cout << "neither value nor exception: " << end.how() << '\n';
  }
  //]
}

}  // namespace

int main() {
  registered();
  unregistered();
  no_exception();
  nested();
  abnormal();
}
