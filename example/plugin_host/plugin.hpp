// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_PLUGIN_HOST_PLUGIN_HPP
#define ISOLATTE_EXAMPLE_PLUGIN_HOST_PLUGIN_HPP

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

/// A library that has a function `transform`.
///
/// The first call of that function loads it, not the constructor: a resident's object is made
/// before its process enters the sandbox, and a library runs code of its own when it is loaded.
class plugin {
 public:
  explicit plugin(std::filesystem::path file) : file_{std::move(file)} {}

  /// Has the plugin transform a text.
  /// @throws std::runtime_error if the file is no such library
  std::string transform(const std::string& text);

 private:
  struct unload {
    void operator()(void* library) const noexcept;
  };

  void load();

  std::filesystem::path file_;
  std::unique_ptr<void, unload> library_;
  const char* (*transform_)(const char* text) = nullptr;
};

#endif
