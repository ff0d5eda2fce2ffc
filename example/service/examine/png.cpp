// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "examine.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <png.h>

namespace service {

namespace {

constexpr std::uint32_t most_pixels_a_side = 96;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t made = 0;
  for (std::size_t i = 0; i != 4; ++i)
    made = made << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return made;
}

/// The chunks of the file as they say that they are, up to the first that does not fit.
table chunks_of(std::string_view bytes) {
  table made{"Chunks", {"Type", "Bytes"}, {}};
  for (std::size_t at = 8; bytes.size() - at >= 12 && made.rows.size() < 64;) {
    std::size_t const size = number_at(bytes, at);
    made.rows.push_back({std::string{bytes.substr(at + 4, 4)}, std::to_string(size)});
    if (bytes.size() - at - 12 < size) break;
    at += 12 + size;
  }
  return made;
}

std::string colour_type(unsigned type) {
  switch (type) {
    case PNG_COLOR_TYPE_GRAY: return "grey";
    case PNG_COLOR_TYPE_RGB: return "RGB";
    case PNG_COLOR_TYPE_PALETTE: return "palette";
    case PNG_COLOR_TYPE_GRAY_ALPHA: return "grey with alpha";
    case PNG_COLOR_TYPE_RGB_ALPHA: return "RGB with alpha";
    default: return "unknown";
  }
}

/// Averages the pixels of the picture that each pixel of the thumbnail covers.
picture shrink(const std::vector<std::uint8_t>& from, std::uint32_t width, std::uint32_t height) {
  double const factor =
      std::max(1.0, std::max(width, height) / static_cast<double>(most_pixels_a_side));
  picture made;
  made.width = std::max(1U, static_cast<std::uint32_t>(width / factor));
  made.height = std::max(1U, static_cast<std::uint32_t>(height / factor));
  made.pixels.reserve(std::size_t{made.width} * made.height * 4);
  auto const edge = [](std::uint64_t i, std::uint64_t of, std::uint64_t size) {
    return static_cast<std::uint32_t>(i * size / of);
  };
  for (std::uint32_t y = 0; y != made.height; ++y)
    for (std::uint32_t x = 0; x != made.width; ++x) {
      std::uint32_t const left = edge(x, made.width, width);
      std::uint32_t const right = std::max(left + 1, edge(x + 1, made.width, width));
      std::uint32_t const top = edge(y, made.height, height);
      std::uint32_t const bottom = std::max(top + 1, edge(y + 1, made.height, height));
      for (unsigned channel = 0; channel != 4; ++channel) {
        std::uint64_t sum = 0;
        for (std::uint32_t v = top; v != bottom; ++v)
          for (std::uint32_t u = left; u != right; ++u)
            sum += from[(std::size_t{v} * width + u) * 4 + channel];
        made.pixels += static_cast<char>(sum / (std::uint64_t{right - left} * (bottom - top)));
      }
    }
  return made;
}

}  // namespace

report examine_png(progress& told, std::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  std::unique_ptr<png_image, decltype(&png_image_free)> const guard{&image, png_image_free};
  auto const demand = [&](int answer) {
    if (answer == 0) throw std::runtime_error{std::string{"libpng: "} + image.message};
  };
  tell(told, "reading the header");
  demand(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));

  tell(told, "decoding " + std::to_string(image.width) + " by " + std::to_string(image.height) +
                 " pixels");
  image.format = PNG_FORMAT_RGBA;
  std::vector<std::uint8_t> pixels(std::size_t{image.width} * image.height * 4);
  // libpng frees what belongs to the image in the next call.
  std::uint32_t const width = image.width;
  std::uint32_t const height = image.height;
  demand(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));

  tell(told, "making a thumbnail");
  report made;
  made.thumbnail = shrink(pixels, width, height);
  // libpng has read these fields of the header, so they are there.
  auto const depth = static_cast<unsigned char>(bytes.at(24));
  auto const type = static_cast<unsigned char>(bytes.at(25));
  made.summary =
      std::to_string(width) + " × " + std::to_string(height) + " PNG, " + colour_type(type);
  made.facts = {{"Size", std::to_string(width) + " × " + std::to_string(height)},
                {"Colour", colour_type(type)},
                {"Bits a channel", std::to_string(depth)},
                {"Interlaced", bytes.at(28) != 0 ? "yes" : "no"}};
  made.tables.push_back(chunks_of(bytes));
  return made;
}

}  // namespace service
