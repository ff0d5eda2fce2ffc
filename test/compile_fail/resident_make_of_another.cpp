// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the resident's object cannot be made of what the call returns

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>

#include <string>

struct counter {
  int value = 0;
};

void f(boost::asio::io_context& context) {
  isolatte::resident<counter> held{context, isolatte::call([] { return std::string{"text"}; })};
}
