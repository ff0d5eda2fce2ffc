# usage: cmake -DBUILD=FOLDER -DTARGET=NAME -P BuildAlone.cmake
# Builds a target as a test does. Another test run in the same folder waits meanwhile: build tools do
# not expect a second one to write the same files.
file(LOCK "${BUILD}/${TARGET}.lock" GUARD PROCESS TIMEOUT 600)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --target ${TARGET} -j 2
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${TARGET} does not build")
endif()
