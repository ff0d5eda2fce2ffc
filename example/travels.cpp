// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Sends calls to a process that is not a copy of this program in its present state.

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace asio = boost::asio;

//[types
struct document {
  std::string title;
  std::vector<std::string> words;
  std::size_t size() const { return words.size(); }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & title & words;
  }
};

// A function object holds what a lambda would capture.
struct counter_of {
  std::string word;
  std::size_t operator()(const document& in) const {
    std::size_t count = 0;
    for (auto const& each : in.words) count += each == word;
    return count;
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & word;
  }
};

std::size_t longest(const document& in) {
  std::size_t length = 0;
  for (auto const& word : in.words) length = std::max(length, word.size());
  return length;
}
//]

int main() {
  asio::io_context context;
  isolatte::fork_server server{context};

  auto const print = [](const char* what) {
    return [what](boost::system::error_code, const isolatte::outcome<std::size_t>& result) {
      if (result)
        std::cout << what << ": " << result.value() << '\n';
      else
        std::cout << what << ": " << result << '\n';
    };
  };

  using isolatte::call;
  document const haiku{"haiku", {"an", "old", "silent", "pond", "a", "frog", "jumps", "a"}};
  //[calls
  server.async_fork(call(longest, haiku), print("a function"));
  server.async_fork(call(&document::size, haiku), print("a member function"));
  server.async_fork(call(counter_of{"a"}, haiku), print("a function object"));
  server.async_fork(
      call([](const document& in, std::size_t n) { return in.words.at(n).size(); }, haiku, 2),
      print("a lambda without captures"));
  server.async_fork(call([](std::unique_ptr<document> mine) { return mine->title.size(); },
                         std::make_unique<document>(haiku)),
                    print("an argument that only moves"));
  //]
  //[direct
  // A call is also a callable for async_fork.
  isolatte::async_fork(context, call(longest, haiku), print("without a server"));
  //]
  context.run();
}
