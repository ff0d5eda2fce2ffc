// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: parser [FILE...]
// Reads images with a parser that checks nothing, each in a sandboxed child of its own. A damaged
// file costs its child. Without files it reads some that are damaged.

#include <isolatte.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[parser
struct image {
  long width = 0;
  long height = 0;
  long brightness = 0;  // in percent

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & width & height & brightness;
  }
};

// Reads a PGM image, and believes what its header says.
image read_image(const std::string& bytes) {
  image result;
  long white = 0;
  int header = 0;
  if (std::sscanf(bytes.c_str(), "P5 %ld %ld %ld%n", &result.width, &result.height, &white,
                  &header) != 3)
    throw std::runtime_error{"this is no PGM image"};
  const char* const pixels = bytes.data() + header + 1;
  long const count = result.width * result.height;
  long sum = 0;
  for (long i = 0; i != count; ++i) sum += static_cast<unsigned char>(pixels[i]);
  result.brightness = 100 * sum / (count * white);
  return result;
}
//]

//[reader
class image_reader {
 public:
  explicit image_reader(const asio::any_io_executor& executor)
      : server_{executor, {.sandbox = isolatte::sandbox::pure()}} {}

  asio::awaitable<isolatte::outcome<image>> read(std::string bytes) {
    isolatte::options const bounds{
        .timeout = 2s,
        .limits = {.address_space = std::uint64_t{512} << 20, .core_size = 0},
        .max_result = 4096};
    auto reading = server_.async_fork(isolatte::call(read_image, std::move(bytes)), bounds,
                                      asio::as_tuple(asio::deferred));
    auto [error, result] = co_await std::move(reading);
    co_return std::move(result);  // if no child could be made, it says so
  }

 private:
  isolatte::fork_server server_;
};
//]

//[answer
// Says to a user what became of a file. The log gets more.
std::string describe(const isolatte::outcome<image>& result) {
  using enum isolatte::ending;
  std::ostringstream text;
  switch (result.how()) {
    case returned:
      text << result->width << " x " << result->height << ", brightness " << result->brightness
           << " %";
      break;
    case threw: try { result.value();
      } catch (const std::exception& error) {
        text << "refused: " << error.what();
      }
      break;
    case not_started: text << "not read, try again later"; break;
    case timed_out: text << "takes too long"; break;
    default: text << "damaged"; break;
  }
  return text.str();
}
//]

struct file {
  std::string name;
  std::string bytes;
};

std::vector<file> samples() {
  return {{"whole.pgm", "P5 2 2 255\n\xff\xff" + std::string(2, '\0')},
          {"text.pgm", "A text with the wrong name"},
          {"empty.pgm", "P5 0 0 255\n"},
          {"negative.pgm", "P5 -2 3 255\n123456"},
          {"short.pgm", "P5 1000000 1000000 255\nand then nothing"},
          {"again.pgm", "P5 1 1 255\n3"}};
}

std::vector<file> read_files(int count, char** names) {
  std::vector<file> files;
  for (int i = 0; i != count; ++i) {
    std::ifstream in{names[i], std::ios::binary};
    if (!in) throw std::runtime_error{std::string{"cannot read "} + names[i]};
    files.push_back({names[i], {std::istreambuf_iterator<char>{in}, {}}});
  }
  return files;
}

//[use
asio::awaitable<void> read_all(image_reader& reader, std::vector<file> files) {
  for (auto& [name, bytes] : files) {
    auto reading = reader.read(std::move(bytes));
    isolatte::outcome<image> const result = co_await std::move(reading);
    std::cout << name << ": " << describe(result) << '\n';
    if (result.fault()) std::clog << name << ": " << result << '\n' << result.fault()->trace;
  }
}
//]

}  // namespace

int main(int count, char** arguments) {
  for (auto const& gap : isolatte::sandbox_support().gaps(isolatte::sandbox::pure())) {
    std::cerr << "parser: " << gap << '\n';
    return 77;
  }
  asio::io_context context;
  image_reader reader{context.get_executor()};
  try {
    auto files = count > 1 ? read_files(count - 1, arguments + 1) : samples();
    asio::co_spawn(context, read_all(reader, std::move(files)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    context.run();
  } catch (const std::exception& error) {
    std::cerr << "parser: " << error.what() << '\n';
    return 1;
  }
}
