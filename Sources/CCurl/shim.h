#pragma once

// The part of libcurl that Swift can't call by itself: variadic functions get one typed function for each kind of
// argument, and a union gets a getter. Everything else is used as <curl/curl.h> declares it.

#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87.0 or later is needed (CURLOPT_QUICK_EXIT)"
#endif

// The parentheses around the function's name keep curl's type-checking macros from being expanded.

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

/// A text, or NULL for libcurl's "none". libcurl copies it.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

/// Bytes, which libcurl copies.
static inline CURLcode ccurl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return (curl_easy_setopt)(handle, option, &blob);
}

/// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode ccurl_set_data_callback(CURL *handle, CURLoption option, curl_write_callback callback) {
    return (curl_easy_setopt)(handle, option, callback);
}

/// CURLOPT_PREREQFUNCTION.
static inline CURLcode ccurl_set_prerequest_callback(CURL *handle, curl_prereq_callback callback) {
    return (curl_easy_setopt)(handle, CURLOPT_PREREQFUNCTION, callback);
}

static inline int ccurl_close_on_exec(void *context, curl_socket_t socket, curlsocktype purpose) {
    (void)context;
    (void)purpose;
    (void)fcntl(socket, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

/// Child processes don't inherit the connections: one that did would keep a cancelled transfer's connection open.
static inline CURLcode ccurl_set_close_on_exec(CURL *handle) {
    return (curl_easy_setopt)(handle, CURLOPT_SOCKOPTFUNCTION, ccurl_close_on_exec);
}

static inline CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }

// CURL_GLOBAL_DEFAULT is a macro that Swift doesn't import.
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

/// CURL_WRITEFUNC_PAUSE, as the callback returns it.
static inline size_t ccurl_write_pause(void) { return CURL_WRITEFUNC_PAUSE; }

// malloc.h is no part of Swift's module Glibc, and a program without shared libraries can't look the function up.
extern int malloc_trim(size_t pad);
static inline void ccurl_give_back_memory(void) { (void)malloc_trim(0); }

// pthread_setname_np is declared under _GNU_SOURCE alone, which Swift's importer doesn't set.
extern int pthread_setname_np(pthread_t thread, const char *name);
static inline void ccurl_name_this_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
