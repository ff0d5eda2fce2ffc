// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "device.hpp"

#include "cuda.hpp"

#include <array>
#include <cstddef>

#include <dlfcn.h>

namespace device_jobs {

namespace {

constexpr const char* library_name = "libcuda.so.1";

/// The functions of the driver, found when the first one is needed.
struct driver {
  driver() : library{::dlopen(library_name, RTLD_NOW | RTLD_LOCAL)} {
    if (library == nullptr) throw std::runtime_error{::dlerror()};
    find(init, "cuInit");
    find(get_count, "cuDeviceGetCount");
    find(get_device, "cuDeviceGet");
    find(get_name, "cuDeviceGetName");
    find(retain_context, "cuDevicePrimaryCtxRetain");
    find(set_context, "cuCtxSetCurrent");
    find(synchronize, "cuCtxSynchronize");
    find(load_module, "cuModuleLoadData");
    find(get_function, "cuModuleGetFunction");
    find(allocate, "cuMemAlloc_v2");
    find(free, "cuMemFree_v2");
    find(copy_to_device, "cuMemcpyHtoD_v2");
    find(copy_from_device, "cuMemcpyDtoH_v2");
    find(launch, "cuLaunchKernel");
    find(get_error_name, "cuGetErrorName");
    find(get_error_string, "cuGetErrorString");
  }

  void* library;
  decltype(&cuInit) init;
  decltype(&cuDeviceGetCount) get_count;
  decltype(&cuDeviceGet) get_device;
  decltype(&cuDeviceGetName) get_name;
  decltype(&cuDevicePrimaryCtxRetain) retain_context;
  decltype(&cuCtxSetCurrent) set_context;
  decltype(&cuCtxSynchronize) synchronize;
  decltype(&cuModuleLoadData) load_module;
  decltype(&cuModuleGetFunction) get_function;
  decltype(&cuMemAlloc_v2) allocate;
  decltype(&cuMemFree_v2) free;
  decltype(&cuMemcpyHtoD_v2) copy_to_device;
  decltype(&cuMemcpyDtoH_v2) copy_from_device;
  decltype(&cuLaunchKernel) launch;
  decltype(&cuGetErrorName) get_error_name;
  decltype(&cuGetErrorString) get_error_string;

 private:
  template <class Function>
  void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(library, name));
    if (function == nullptr)
      throw std::runtime_error{std::string{library_name} + " has no function " + name};
  }
};

/// The driver of this process; never unloaded, because it has threads.
const driver& cuda() {
  static driver const loaded;
  return loaded;
}

void check(CUresult result) {
  if (result == 0) return;
  const char* name = nullptr;
  const char* text = nullptr;
  if (cuda().get_error_name(result, &name) != 0) name = "CUDA error";
  if (cuda().get_error_string(result, &text) != 0) text = "unknown to the driver";
  throw device_error{std::string{name} + " (" + std::to_string(result) + "), " + text, result};
}

std::string name_of(CUdevice device) {
  std::array<char, 256> name{};
  check(cuda().get_name(name.data(), static_cast<int>(name.size()), device));
  return name.data();
}

/// Memory of the device.
class floats {
 public:
  explicit floats(const std::vector<float>& values) : bytes_{values.size() * sizeof(float)} {
    check(cuda().allocate(&address_, bytes_));
    // The destructor does not run if this throws.
    if (CUresult const result = cuda().copy_to_device(address_, values.data(), bytes_)) {
      cuda().free(address_);
      check(result);
    }
  }
  floats(const floats&) = delete;
  floats& operator=(const floats&) = delete;
  ~floats() { cuda().free(address_); }

  CUdeviceptr address() const noexcept { return address_; }
  std::vector<float> values() const {
    std::vector<float> copy(bytes_ / sizeof(float));
    check(cuda().copy_from_device(copy.data(), address_, bytes_));
    return copy;
  }

 private:
  std::size_t bytes_;
  CUdeviceptr address_ = 0;
};

// Text that the driver compiles for the device that it finds, if that is a Maxwell (2014) or later.
constexpr const char* kernel_source = R"(
.version 6.0
.target sm_52
.address_size 64

.visible .entry scale_and_add(.param .u64 x_address, .param .u64 y_address,
                              .param .f32 factor_value, .param .u32 count_value)
{
  .reg .pred %is_outside;
  .reg .u32 %block, %threads, %thread, %index, %count;
  .reg .u64 %x_at, %y_at, %offset;
  .reg .f32 %x, %y, %factor;

  mov.u32 %block, %ctaid.x;
  mov.u32 %threads, %ntid.x;
  mov.u32 %thread, %tid.x;
  mad.lo.u32 %index, %block, %threads, %thread;
  ld.param.u32 %count, [count_value];
  setp.ge.u32 %is_outside, %index, %count;
  @%is_outside bra done;

  ld.param.u64 %x_at, [x_address];
  ld.param.u64 %y_at, [y_address];
  ld.param.f32 %factor, [factor_value];
  cvta.to.global.u64 %x_at, %x_at;
  cvta.to.global.u64 %y_at, %y_at;
  mul.wide.u32 %offset, %index, 4;
  add.u64 %x_at, %x_at, %offset;
  add.u64 %y_at, %y_at, %offset;
  ld.global.f32 %x, [%x_at];
  ld.global.f32 %y, [%y_at];
  fma.rn.f32 %y, %factor, %x, %y;
  st.global.f32 [%y_at], %y;
done:
  ret;
}
)";

/// Computes y = factor * x + y.
void run(CUfunction kernel, CUdeviceptr x, CUdeviceptr y, float factor, std::size_t size) {
  constexpr unsigned block = 256;
  auto count = static_cast<unsigned>(size);
  void* parameters[] = {&x, &y, &factor, &count};
  check(cuda().launch(kernel, (count + block - 1) / block, 1, 1, block, 1, 1, 0, nullptr,
                      parameters, nullptr));
  // An error of the kernel is reported by the call that waits for it.
  check(cuda().synchronize());
}

}  // namespace

std::vector<std::string> device_names() {
  check(cuda().init(0));
  int count = 0;
  check(cuda().get_count(&count));
  std::vector<std::string> names;
  for (int i = 0; i != count; ++i) {
    CUdevice device = 0;
    check(cuda().get_device(&device, i));
    names.push_back(name_of(device));
  }
  return names;
}

device::device() {
  check(cuda().init(0));
  CUdevice device = 0;
  check(cuda().get_device(&device, 0));
  name_ = name_of(device);
  CUcontext context = nullptr;
  check(cuda().retain_context(&context, device));
  check(cuda().set_context(context));
  CUmodule module = nullptr;
  check(cuda().load_module(&module, kernel_source));
  check(cuda().get_function(&kernel_, module, "scale_and_add"));
}

std::vector<float> device::scale_and_add(float factor, const std::vector<float>& x,
                                         const std::vector<float>& y) const {
  floats const x_there{x};
  floats const y_there{y};
  run(kernel_, x_there.address(), y_there.address(), factor, x.size());
  return y_there.values();
}

void device::write_to_nowhere() const { run(kernel_, 0, 0, 1, 1); }

bool device::works() const noexcept { return cuda().synchronize() == 0; }

}  // namespace device_jobs
