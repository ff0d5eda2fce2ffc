// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Searches the files of a folder for a word, in a child, and shows each line as it is found. The
// reader is slow, so the search waits. `scan FOLDER WORD [MOST]` stops the search after MOST lines.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stop_token>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[scan
struct finding {
  std::filesystem::path file;
  long line = 0;
  std::string text;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & file & line & text;
  }
};

struct summary {
  long files = 0;
  long findings = 0;
  bool is_complete = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & files & findings & is_complete;
  }
};

summary scan(std::stop_token stop, isolatte::channel<finding>& found,
             const std::filesystem::path& folder, const std::string& word) {
  summary all;
  for (auto const& entry : std::filesystem::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    ++all.files;
    std::ifstream file{entry.path()};
    std::string text;
    for (long line = 1; std::getline(file, text); ++line) {
      if (stop.stop_requested()) return all;
      if (text.find('\0') != text.npos) std::abort();  // no text, so it is out of its depth
      if (text.find(word) == text.npos) continue;
      found.post({entry.path(), line, text});  // waits while the reader lags
      ++all.findings;
    }
  }
  all.is_complete = true;
  return all;
}
//]

//[show
asio::awaitable<void> show(std::filesystem::path folder, std::string word, long most) {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::child<summary, finding> search =
      isolatte::spawn_child(executor, isolatte::call(scan, folder, word), {.message_window = 4096});

  asio::steady_timer pause{executor};
  for (long shown = 0;;) {
    auto const [end, next] = co_await search.async_receive(asio::as_tuple(asio::deferred));
    if (end) break;               // the search has ended, and this was all
    if (shown == most) continue;  // found before the search was stopped
    std::cout << next.file.filename().string() << ':' << next.line << ": " << next.text << '\n';
    if (++shown == most) search.request_stop();
    pause.expires_after(1ms);
    co_await pause.async_wait(asio::deferred);
  }

  isolatte::outcome<summary> const result = co_await search.async_wait();
  if (result)
    std::cout << result->findings << " lines in " << result->files << " files"
              << (result->is_complete ? "" : ", and then it was stopped") << '\n';
  else
    std::cout << result << '\n';
}
//]

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: scan FOLDER WORD [MOST]\n";
    return 2;
  }
  asio::io_context context;
  asio::co_spawn(context,
                 show(arguments[1], arguments[2], count > 3 ? std::atol(arguments[3]) : -1),
                 [](std::exception_ptr error) {
                   if (error) std::rethrow_exception(error);
                 });
  context.run();
}
