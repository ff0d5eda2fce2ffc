// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "plugin.hpp"

#include <stdexcept>
#include <utility>

#include <dlfcn.h>

std::string plugin::transform(const std::string& text) {
  if (transform_ == nullptr) load();
  return transform_(text.c_str());
}

void plugin::load() {
  std::unique_ptr<void, unload> library{::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL)};
  void* const found = library ? ::dlsym(library.get(), "transform") : nullptr;
  if (found == nullptr) throw std::runtime_error{::dlerror()};
  transform_ = reinterpret_cast<decltype(transform_)>(found);
  library_ = std::move(library);
}

void plugin::unload::operator()(void* library) const noexcept { ::dlclose(library); }
