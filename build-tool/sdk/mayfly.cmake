# SPDX-License-Identifier: Apache-2.0
# CMake: cmake -DCMAKE_TOOLCHAIN_FILE=SDK/share/mayfly.cmake ...
# Programs can be run (try_run(), CTest) where QEMU is installed. Libraries that lie elsewhere are found
# through CMAKE_PREFIX_PATH and CMAKE_INSTALL_PREFIX.
get_filename_component(MAYFLY_SDK "${CMAKE_CURRENT_LIST_DIR}/.." REALPATH)

set(CMAKE_SYSTEM_NAME Mayfly)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
list(APPEND CMAKE_MODULE_PATH "${MAYFLY_SDK}/share/cmake")

set(CMAKE_C_COMPILER "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-gcc")
set(CMAKE_ASM_COMPILER "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-gcc")
foreach(MAYFLY_TOOL AR RANLIB STRIP NM OBJCOPY OBJDUMP READELF LINKER)
  string(TOLOWER "${MAYFLY_TOOL}" MAYFLY_NAME)
  string(REPLACE "linker" "ld" MAYFLY_NAME "${MAYFLY_NAME}")
  set(CMAKE_${MAYFLY_TOOL} "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-${MAYFLY_NAME}")
endforeach()

# project(NAME) without LANGUAGES asks for C++ as well. That is to work as long as no file is C++.
set(CMAKE_CXX_COMPILER "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-g++")
set(CMAKE_CXX_COMPILER_FORCED TRUE)

set(CMAKE_FIND_ROOT_PATH "${MAYFLY_SDK}" ${CMAKE_PREFIX_PATH} ${CMAKE_INSTALL_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(PKG_CONFIG_EXECUTABLE "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-pkg-config")

find_program(MAYFLY_QEMU qemu-system-x86_64)
if(MAYFLY_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${MAYFLY_SDK}/bin/x86_64-mayfly-elf-run")
endif()
