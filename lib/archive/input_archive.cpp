// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "archive/exported_classes.hpp"

#include <isolatte/detail/archive/input_archive.hpp>

#include <boost/archive/basic_archive.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>

namespace isolatte::inline v0_1::detail {

namespace {

bool within(const void* address, const void* begin, const void* end) noexcept {
  return !std::less<>{}(address, begin) && std::less<>{}(address, end);
}

}  // namespace

/// The object of a pointer while it is loaded. The destructor frees it unless it is complete.
class input_archive::creation {
 public:
  creation(input_archive& ar, const heap_class& objects, bool tracked)
      : ar_{ar}, objects_{objects} {
    if (tracked) {
      index_ = ar.objects_.size();
      ar.objects_.push_back(
          {nullptr, objects.parts, &objects, object_record::raw, object_record::nobody, 0});
    }
    object_ = objects.allocate();
    if (tracked) record().address = static_cast<std::byte*>(object_);
    outer_ = std::exchange(ar.creation_, this);
  }
  creation(const creation&) = delete;
  creation& operator=(const creation&) = delete;
  ~creation() {
    ar_.creation_ = outer_;
    if (complete_) return;
    ar_.broken_ = true;
    if (index_ != untracked && record().owner != object_record::nobody) return;
    if (constructed_)
      objects_.destroy(object_);
    else
      objects_.deallocate(object_);
  }

  void constructed() noexcept {
    constructed_ = true;
    if (index_ != untracked) record().state = object_record::loading;
  }
  void complete() noexcept {
    complete_ = true;
    if (index_ != untracked) record().state = object_record::complete;
    ar_.last_pointer_ = {object_, &objects_, index_};
  }
  void* object() const noexcept { return object_; }

 private:
  object_record& record() noexcept { return ar_.objects_[index_]; }

  input_archive& ar_;
  const heap_class& objects_;
  void* object_ = nullptr;
  creation* outer_ = nullptr;
  std::size_t index_ = untracked;
  bool constructed_ = false;
  bool complete_ = false;
};

input_archive::input_archive(std::span<const std::byte> in, std::size_t memory_limit,
                             function_form functions)
    : position_{in.data()},
      end_{in.data() + in.size()},
      memory_left_{memory_limit},
      functions_{functions},
      foreign_{in.size()} {
  std::size_t const frame = in.size();
  // Some tenths of a second, and no more than some hundred times what reading the frame takes.
  steps_left_ = (std::uint64_t{1} << 27) + 256 * std::uint64_t{frame};
  if (frame < (SIZE_MAX - memory_slack) / memory_factor)
    memory_left_ = std::min(memory_left_, memory_slack + memory_factor * frame);

  if (in.empty()) throw_malformed("isolatte: the frame is empty");
  --end_;
  auto const padded = std::to_integer<unsigned>(*end_);
  if (padded > 1) throw_malformed("isolatte: the frame's end is not that of a frame");
  if (padded == 1) {
    std::uint64_t padding;
    if (remaining() < sizeof padding)
      throw_malformed("isolatte: the frame's end is not that of a frame");
    end_ -= sizeof padding;
    std::memcpy(&padding, end_, sizeof padding);
    if (padding > remaining()) throw_malformed("isolatte: the frame's padding is longer than it");
    auto const* const padding_end = std::exchange(end_, end_ - padding);
    if (std::any_of(end_, padding_end, [](std::byte b) { return b != std::byte{}; }))
      throw_malformed("isolatte: the frame's padding is not empty");
  }
}

input_archive::~input_archive() = default;

std::uint64_t input_archive::load_large_size() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    std::uint64_t const byte = load_byte();
    // The tenth byte has the last bit, and nothing follows.
    if (shift == 63 && byte > 1) throw_malformed("isolatte: a number in the frame is too large");
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

unsigned int input_archive::boost_library_version() {
  return boost::archive::BOOST_ARCHIVE_VERSION();
}

bool input_archive::load_tracking(const object_class& parts) {
  if (parts.tracking != bs::track_selectively) return parts.is_tracked();
  if (auto const* const known = tracked_.find(&parts)) return *known != 0;
  // The flag may differ from this process's own: the child may have loaded a library that saves the
  // class by pointers.
  bool const tracking = load_flag();
  tracked_.add(&parts, tracking);
  return tracking;
}

void input_archive::load_object(void* object, const object_class& parts) {
  std::size_t const index = objects_.size();
  if (load_tracking(parts)) {
    std::uint64_t const reference = load_size();
    if (reference != 0) {
      if (reference > objects_.size())
        throw_malformed("isolatte: an object in the frame is unknown");
      object_record const& known = objects_[reference - 1];
      // The same part of one object may have been saved twice. Anything else cannot be loaded.
      if (known.objects || known.state == object_record::gone || known.address != object ||
          *known.parts->type != *parts.type)
        throw_malformed("isolatte: an object in the frame is in two places");
      return;
    }
    charge(1, record_cost);
    objects_.push_back({static_cast<std::byte*>(object), &parts, nullptr, object_record::complete,
                        object_record::nobody, 0});
  }
  parts.load(*this, object);
  recent_ = index;
}

void input_archive::register_class(const heap_class& objects) {
  if (!objects.is_polymorphic() || class_indices_.find(&objects)) return;
  class_indices_.add(&objects, static_cast<std::uint32_t>(classes_.size()));
  classes_.push_back(&objects);
}

void input_archive::constructed() noexcept { creation_->constructed(); }

void* input_archive::create(const heap_class& objects, bool tracked) {
  creation attempt(*this, objects, tracked);
  objects.load(*this, attempt.object());
  attempt.complete();
  return attempt.object();
}

bool input_archive::is_held(const std::byte* address) const noexcept {
  if (stack_.covers(address)) return true;
  for (const held_range* range = held_; range; range = range->outer())
    if (range->covers(address)) return true;
  return false;
}

void* input_archive::load_alias(const pointer_target* target, const heap_class* objects) {
  std::uint64_t const index = load_size();
  if (broken_ || index >= objects_.size())
    throw_malformed("isolatte: an object in the frame is unknown");
  object_record const& known = objects_[index];
  if (known.state == object_record::raw || known.state == object_record::gone)
    throw_malformed("isolatte: a pointer in the frame is to an object that does not exist");
  if (!known.objects && is_held(known.address))
    throw_malformed("isolatte: a pointer in the frame is to an object that will have moved");

  void* address = known.address;
  if (!target) {
    if (known.objects != objects) address = nullptr;
  } else if (!known.parts) {
    address = nullptr;
  } else if (*known.parts->type != *target->type) {
    if (!target->catch_pointer || !known.parts->throw_pointer ||
        known.state != object_record::complete)
      address = nullptr;
    else
      address = to_base(*known.parts, address, *target);
  }
  if (!address) throw_malformed("isolatte: a pointer in the frame is to an object of another type");
  last_pointer_ = {known.address, known.objects, index};
  return address;
}

void* input_archive::load_simple_pointer(const heap_class& objects) {
  switch (load_size()) {
    case pointer_tag::null: return nullptr;
    case pointer_tag::alias: charge(1, objects.cost); return load_alias(nullptr, &objects);
    case pointer_tag::made: charge(1, objects.cost); return create(objects, true);
    default: throw_malformed("isolatte: a pointer in the frame is none");
  }
}

void* input_archive::load_object_pointer(const pointer_target& target) {
  if (target.exact) register_class(*target.exact);
  std::uint64_t const tag = load_size();
  if (tag == pointer_tag::null) return nullptr;
  charge(1, target.cost);
  if (tag == pointer_tag::alias) return load_alias(&target, nullptr);

  if (tag == pointer_tag::made) {
    if (!target.exact) throw_malformed("isolatte: an object in the frame is of an abstract class");
    return create(*target.exact, load_tracking(*target.exact->parts));
  }
  const heap_class& objects = load_class(tag - pointer_tag::derived, target);
  void* const object = create(objects, load_tracking(*objects.parts));
  return *objects.type == *target.type ? object : base_of(object, objects, target);
}

const heap_class& input_archive::load_class(std::uint64_t index, const pointer_target& target) {
  if (!target.catch_pointer || index > classes_.size())
    throw_malformed("isolatte: a class in the frame is unknown");
  if (index == classes_.size()) {
    std::uint64_t const length = load_size();
    std::string_view const name(reinterpret_cast<const char*>(take(length)), length);
    std::uint64_t const ordinal = load_size();
    auto const* const found =
        ordinal > UINT32_MAX
            ? nullptr
            : exported_classes().find({name, static_cast<std::uint32_t>(ordinal)}).item;
    if (!found || !found->is_polymorphic() || class_indices_.find(found))
      throw_malformed("isolatte: a class in the frame is unknown");
    register_class(*found);
  }

  const heap_class& objects = *classes_[index];
  if (*objects.type != *target.type && !find_cast(objects, target)) {
    if (!is_base(objects, target))
      throw_malformed("isolatte: an object in the frame is of an unrelated class");
    checked_casts_.push_back({&objects, target.type, std::nullopt});
  }
  return objects;
}

/// Tells before there is an object: none of an unrelated class is to be made.
bool input_archive::is_base(const heap_class& of, const pointer_target& what) {
  void* nothing = nullptr;
  if (what.catch_pointer(of.parts->throw_pointer, nothing)) return true;
  // A registered cast to a virtual base reads in the table of the object's class where the base is.
  // The table of this object gives 0 for every base.
  static constexpr std::array<std::ptrdiff_t, 2048> table{};
  std::vector<const void*> const object(of.size / sizeof(void*) + 1,
                                        table.data() + table.size() / 2);
  return bs::void_upcast(of.parts->boost_type(), what.boost_type(), object.data()) != nullptr;
}

/// @return null if the object's class is not derived from the other
void* input_archive::to_base(const object_class& from, void* object, const pointer_target& to) {
  void* base = object;
  if (to.catch_pointer(from.throw_pointer, base)) return base;
  // The registered casts take and give pointers to const; the object is not.
  return const_cast<void*>(bs::void_upcast(from.boost_type(), to.boost_type(), object));
}

input_archive::checked_cast* input_archive::find_cast(const heap_class& from,
                                                      const pointer_target& to) noexcept {
  auto const found = std::find_if(
      checked_casts_.begin(), checked_casts_.end(),
      [&](const checked_cast& cast) { return cast.from == &from && *cast.to == *to.type; });
  return found != checked_casts_.end() ? &*found : nullptr;
}

void* input_archive::base_of(void* object, const heap_class& objects,
                             const pointer_target& target) {
  checked_cast& cast = *find_cast(objects, target);
  auto* const whole = static_cast<std::byte*>(object);
  if (!cast.offset)
    cast.offset = static_cast<std::byte*>(to_base(*objects.parts, object, target)) - whole;
  return whole + *cast.offset;
}

void input_archive::move_objects(std::size_t mark, const void* from, std::size_t size,
                                 const void* to) {
  spend(objects_.size() - mark);
  auto const* const begin = static_cast<const std::byte*>(from);
  // The archive never writes to the address.
  auto* const target = static_cast<std::byte*>(const_cast<void*>(to));
  for (; mark < objects_.size(); ++mark) {
    object_record& object = objects_[mark];
    if (object.objects || !within(object.address, begin, begin + size)) continue;
    if (target)
      object.address = target + (object.address - begin);
    else
      object.state = object_record::gone;
  }
}

void input_archive::claim_unique() {
  if (last_pointer_.index == untracked) return;
  object_record& object = objects_[last_pointer_.index];
  if (!object.objects || object.owner != object_record::nobody ||
      object.state != object_record::complete)
    throw_malformed("isolatte: an object in the frame has two owners");
  object.owner = object_record::one;
}

input_archive::object_record& input_archive::whole_of(std::size_t index) {
  object_record& part = objects_[index];
  if (part.objects) return part;
  for (std::size_t i = index; i-- > 0;) {
    spend(1);
    object_record& whole = objects_[i];
    if (whole.objects && within(part.address, whole.address, whole.address + whole.objects->size))
      return whole;
  }
  return part;
}

std::shared_ptr<void> input_archive::claim_shared() {
  if (last_pointer_.index == untracked) return last_pointer_.objects->share(last_pointer_.object);
  object_record& object = whole_of(last_pointer_.index);
  if (object.objects && object.owner == object_record::nobody) {
    object.share = static_cast<std::uint32_t>(shares_.size());
    shares_.push_back({nullptr, nullptr});
    // share() destroys the object if it throws.
    object.owner = object_record::several;
    shares_.back().owner = object.objects->share(object.address);
  } else if (!object.objects || object.owner != object_record::several ||
             !shares_[object.share].owner) {
    throw_malformed("isolatte: an object in the frame has two owners");
  }
  return shares_[object.share].owner;
}

input_archive::foreign_claim input_archive::claim_foreign(const void* kind) {
  if (last_pointer_.index == untracked) {
    // No other pointer can point to an untracked object.
    shares_.push_back({nullptr, kind});
    return {&shares_.back().owner, last_pointer_.object, last_pointer_.objects};
  }
  object_record& object = objects_[last_pointer_.index];
  if (object.objects && object.owner == object_record::nobody) {
    object.share = static_cast<std::uint32_t>(shares_.size());
    shares_.push_back({nullptr, kind});
    object.owner = object_record::foreign;
  } else if (!object.objects || object.owner != object_record::foreign ||
             !shares_[object.share].owner || shares_[object.share].kind != kind) {
    throw_malformed("isolatte: an object in the frame has two owners");
  }
  return {&shares_[object.share].owner, object.address, object.objects};
}

}  // namespace isolatte::inline v0_1::detail
