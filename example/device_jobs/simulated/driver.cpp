// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// CUDA's driver interface as far as device_jobs uses it, computed by the processor: for machines
// without a device. Two devices, of which CUDA_VISIBLE_DEVICES may hide some; a process whose
// parent has initialised the driver cannot use it; an illegal address is reported by every later
// call.

#include "../cuda.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

enum result : int {
  success = 0,
  invalid_value = 1,
  not_initialized = 3,
  no_device = 100,
  invalid_device = 101,
  invalid_image = 200,
  invalid_context = 201,
  not_found = 500,
  illegal_address = 700,
};

constexpr int all_devices = 2;

::pid_t initialised_by = 0;
std::vector<int> visible;
bool has_context = false;
bool is_broken = false;
/// The memory of the device by its addresses.
std::map<CUdeviceptr, std::vector<std::byte>> blocks;

/// The devices until the first entry of the list that is none, as CUDA has it.
std::vector<int> visible_devices() {
  const char* const list = std::getenv("CUDA_VISIBLE_DEVICES");
  std::istringstream names{list != nullptr ? list : "0,1"};
  std::vector<int> found;
  for (std::string name; std::getline(names, name, ',');) {
    if (name.size() != 1 || name[0] < '0' || name[0] >= '0' + all_devices) break;
    found.push_back(name[0] - '0');
  }
  return found;
}

result in_process() {
  return initialised_by != 0 && initialised_by == ::getpid() ? success : not_initialized;
}

result in_context() {
  if (in_process() != success) return not_initialized;
  if (is_broken) return illegal_address;
  return has_context ? success : invalid_context;
}

/// @return null if not all the bytes are in one block
std::byte* memory(CUdeviceptr address, std::size_t bytes) {
  auto const after = blocks.upper_bound(address);
  if (after == blocks.begin()) return nullptr;
  auto& [begin, block] = *std::prev(after);
  std::size_t const offset = address - begin;
  if (offset > block.size() || bytes > block.size() - offset) return nullptr;
  return block.data() + offset;
}

void scale_and_add(void** parameters, std::uint64_t threads) {
  auto const x_address = *static_cast<CUdeviceptr*>(parameters[0]);
  auto const y_address = *static_cast<CUdeviceptr*>(parameters[1]);
  float const factor = *static_cast<float*>(parameters[2]);
  std::size_t const count = *static_cast<unsigned*>(parameters[3]);
  auto* const x = reinterpret_cast<float*>(memory(x_address, count * sizeof(float)));
  auto* const y = reinterpret_cast<float*>(memory(y_address, count * sizeof(float)));
  if (x == nullptr || y == nullptr) {
    is_broken = true;
    return;
  }
  for (std::size_t i = 0; i < count && i < threads; ++i) y[i] = std::fma(factor, x[i], y[i]);
}

struct known_error {
  result code;
  const char* name;
  const char* text;
};

constexpr known_error errors[] = {
    {success, "CUDA_SUCCESS", "no error"},
    {invalid_value, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {not_initialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {no_device, "CUDA_ERROR_NO_DEVICE", "no device is visible"},
    {invalid_device, "CUDA_ERROR_INVALID_DEVICE", "no such device"},
    {invalid_image, "CUDA_ERROR_INVALID_IMAGE", "no kernel that is known here"},
    {invalid_context, "CUDA_ERROR_INVALID_CONTEXT", "no device context"},
    {not_found, "CUDA_ERROR_NOT_FOUND", "no such function"},
    {illegal_address, "CUDA_ERROR_ILLEGAL_ADDRESS", "a kernel has used an illegal address"},
};

CUresult describe(CUresult code, const char** out, const char* known_error::* what) {
  for (auto const& each : errors)
    if (each.code == code) {
      *out = each.*what;
      return success;
    }
  *out = nullptr;
  return invalid_value;
}

}  // namespace

CUresult cuInit(unsigned flags) {
  if (flags != 0) return invalid_value;
  if (initialised_by != 0) return in_process();
  visible = visible_devices();
  if (visible.empty()) return no_device;
  initialised_by = ::getpid();
  return success;
}

CUresult cuDeviceGetCount(int* count) {
  *count = static_cast<int>(visible.size());
  return in_process();
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  if (in_process() != success) return not_initialized;
  if (ordinal < 0 || ordinal >= static_cast<int>(visible.size())) return invalid_device;
  *device = ordinal;
  return success;
}

CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
  if (in_process() != success) return not_initialized;
  if (device < 0 || device >= static_cast<int>(visible.size())) return invalid_device;
  std::snprintf(name, static_cast<std::size_t>(size), "simulated device %d",
                visible[static_cast<std::size_t>(device)]);
  return success;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
  *context = reinterpret_cast<CUcontext>(&has_context);
  return in_process();
}

CUresult cuCtxSetCurrent(CUcontext context) {
  has_context = context != nullptr;
  return in_process();
}

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  *module = reinterpret_cast<CUmodule>(&blocks);
  if (std::strstr(static_cast<const char*>(image), ".entry scale_and_add(") == nullptr)
    return invalid_image;
  return in_context();
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  if (std::strcmp(name, "scale_and_add") != 0) return not_found;
  *function = reinterpret_cast<CUfunction>(module);
  return in_context();
}

CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
  if (result const error = in_context(); error != success) return error;
  if (bytes == 0) return invalid_value;
  std::vector<std::byte> block(bytes);
  *address = reinterpret_cast<std::uintptr_t>(block.data());
  blocks.emplace(*address, std::move(block));
  return success;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  if (result const error = in_context(); error != success) return error;
  return blocks.erase(address) == 1 ? success : invalid_value;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
  if (result const error = in_context(); error != success) return error;
  std::byte* const there = memory(to, bytes);
  if (there == nullptr) return invalid_value;
  std::memcpy(there, from, bytes);
  return success;
}

CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
  if (result const error = in_context(); error != success) return error;
  const std::byte* const there = memory(from, bytes);
  if (there == nullptr) return invalid_value;
  std::memcpy(to, there, bytes);
  return success;
}

CUresult cuLaunchKernel(CUfunction, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned, CUstream,
                        void** parameters, void**) {
  if (result const error = in_context(); error != success) return error;
  std::uint64_t const threads =
      std::uint64_t{grid_x} * grid_y * grid_z * block_x * block_y * block_z;
  if (threads == 0) return invalid_value;
  scale_and_add(parameters, threads);
  return success;
}

CUresult cuCtxSynchronize() { return in_context(); }

CUresult cuGetErrorName(CUresult code, const char** name) {
  return describe(code, name, &known_error::name);
}

CUresult cuGetErrorString(CUresult code, const char** text) {
  return describe(code, text, &known_error::text);
}
