// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/task/function_part.hpp>
#include <isolatte/detail/vocabulary/code_name.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>
#include <isolatte/detail/vocabulary/unknown_code.hpp>

namespace isolatte::inline v0_1::detail {

namespace {

/// Says what follows.
enum class function_tag : unsigned char {
  /// The words: null, or a virtual function, which are the same in every process.
  words,
  /// A name in place of the first word, then the others.
  name,
};

void save_words(output_archive& ar, std::span<const std::uintptr_t> words) {
  ar.save_binary(words.data(), words.size_bytes());
}
void load_words(input_archive& ar, std::span<std::uintptr_t> words) {
  ar.load_binary(words.data(), words.size_bytes());
}

void save_name(output_archive& ar, const code_name& name) {
  auto const id = name.object.bytes();
  ar.save_size(id.size());
  ar.save_binary(id.data(), id.size());
  ar.save_binary(&name.offset, sizeof name.offset);
}
code_name load_name(input_archive& ar) {
  std::uint64_t const size = ar.load_size();
  if (size > build_id::most) throw_malformed("isolatte: a build id in the frame is too long");
  auto const id = build_id::of({ar.take(size), static_cast<std::size_t>(size)});
  if (!id) throw_malformed("isolatte: a build id in the frame is empty");
  code_name name{*id};
  ar.load_binary(&name.offset, sizeof name.offset);
  return name;
}

}  // namespace

void save_named(output_archive& ar, std::span<const std::uintptr_t> function) {
  if (is_virtual(function) || function[0] == 0) {
    ar.save_byte(static_cast<unsigned char>(function_tag::words));
    return save_words(ar, function);
  }
  auto const name = name_code(function[0]);
  if (!name) throw unknown_code{};
  ar.save_byte(static_cast<unsigned char>(function_tag::name));
  save_name(ar, *name);
  save_words(ar, function.subspan(1));
}

void load_named(input_archive& ar, std::span<std::uintptr_t> function) {
  switch (static_cast<function_tag>(ar.load_byte())) {
    case function_tag::words:
      load_words(ar, function);
      // Bytes from another host are to call no address that they choose.
      if (!is_virtual(function) && function[0] != 0)
        throw_malformed("isolatte: a function in the frame has no name");
      return;
    case function_tag::name:
      function[0] = find_code(load_name(ar));
      if (function[0] == 0) throw unknown_code{};
      load_words(ar, function.subspan(1));
      if (is_virtual(function))
        throw_malformed("isolatte: a virtual function in the frame has a name");
      return;
  }
  throw_malformed("isolatte: the tag of a function in the frame is none");
}

}  // namespace isolatte::inline v0_1::detail
