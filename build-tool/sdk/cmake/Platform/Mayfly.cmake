# SPDX-License-Identifier: Apache-2.0
# What CMake has to know of CMAKE_SYSTEM_NAME Mayfly: POSIX, static libraries only.
set(UNIX 1)
set(CMAKE_DL_LIBS "")
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)
set(CMAKE_SYSTEM_INCLUDE_PATH /include /newlib/include)
set(CMAKE_SYSTEM_LIBRARY_PATH /lib)
set(CMAKE_SYSTEM_PROGRAM_PATH /bin)
