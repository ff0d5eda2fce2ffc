// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_HELPER_STORE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_HELPER_STORE_HPP

#include <isolatte/detail/archive/type_token.hpp>

#include <memory>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Keeps the helper objects of an archive, by id and type. The id alone is not enough: Boost gives
/// the helpers of std::shared_ptr and of boost::shared_ptr the same one.
class helper_store {
 public:
  template <class Helper>
  Helper& get(const void* id) {
    for (auto const& known : entries_)
      if (known.id == id && known.type == &type_token<Helper>)
        return *static_cast<Helper*>(known.object.get());
    entries_.push_back({id, &type_token<Helper>, std::make_shared<Helper>()});
    return *static_cast<Helper*>(entries_.back().object.get());
  }

 private:
  struct entry {
    const void* id;
    const void* type;
    std::shared_ptr<void> object;
  };
  std::vector<entry> entries_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
