// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_PLUGIN_HOST_PLUGIN_HPP
#define ISOLATTE_EXAMPLE_PLUGIN_HOST_PLUGIN_HPP

#include <memory>
#include <string>

/// A library that has a function `transform`, loaded into this process.
class plugin {
 public:
  /// @throws std::runtime_error if the file is no such library
  explicit plugin(const std::string& file);

  /// Has the plugin transform a text.
  std::string transform(const std::string& text);

 private:
  struct unload {
    void operator()(void* library) const noexcept;
  };
  std::unique_ptr<void, unload> library_;
  const char* (*transform_)(const char* text);
};

#endif
