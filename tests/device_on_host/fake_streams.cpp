#include "fake_streams.h"

#include <stdio.h>
#include <stdlib.h>

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "device_on_host.h"
#include "fake_runtime.h"

namespace {

using device_on_host::random_below;

/* How often it was recorded, and how many of those the device has come to. */
struct event_state {
    unsigned long recorded = 0, reached = 0;
    cudaStream_t stream = nullptr; /* of the last time */
};

struct item {
    std::function<void()> work;
    bool always;
    std::shared_ptr<event_state> after; /* runs when that has been reached so often; null: at any time */
    unsigned long times;
};

struct stream_state {
    std::deque<item> queue;
    bool given_back = false;
};

std::set<stream_state *> streams;
int events = 0;

stream_state *state_of(cudaStream_t stream) {
    stream_state *found = reinterpret_cast<stream_state *>(stream);
    if (streams.count(found) == 0 || found->given_back)
        device_on_host::stop("a stream that is not there");
    return found;
}

std::shared_ptr<event_state> &state_of(cudaEvent_t event) {
    return *reinterpret_cast<std::shared_ptr<event_state> *>(event);
}

bool can_run(const stream_state *s) {
    return !s->queue.empty() &&
           (!s->queue.front().after || s->queue.front().after->reached >= s->queue.front().times);
}

void run_front(stream_state *s) {
    const item front = s->queue.front();
    s->queue.pop_front();
    if (front.work)
        front.work();
    if (s->given_back && s->queue.empty()) {
        streams.erase(s);
        delete s;
    }
}

/* Of the streams that can run, but the one that is left out if others can: whether there was one. */
bool run_one(const stream_state *last) {
    std::vector<stream_state *> can;
    for (stream_state *s : streams)
        if (can_run(s) && s != last)
            can.push_back(s);
    if (can.empty() && last && streams.count(const_cast<stream_state *>(last)) && can_run(last))
        can.push_back(const_cast<stream_state *>(last));
    if (can.empty())
        return false;
    run_front(can[random_below(can.size())]);
    return true;
}

/* Until it is so: that stream first, last, or in its turn. */
void run_until(stream_state *waited_for, const std::function<bool()> &is_so) {
    const size_t way = random_below(3);
    while (!is_so()) {
        if (way == 0 && waited_for && can_run(waited_for))
            run_front(waited_for);
        else if (!run_one(way == 1 ? waited_for : nullptr))
            device_on_host::stop("a wait for what nobody does");
    }
}

/* After a failure nothing that was queued is sure to be done: none of it is, here. */
void lose_all() {
    const std::set<stream_state *> all = streams;
    for (stream_state *s : all) {
        std::deque<item> queue;
        queue.swap(s->queue);
        for (const item &i : queue)
            if (i.always)
                i.work();
        if (s->given_back) {
            streams.erase(s);
            delete s;
        }
    }
}

cudaError_t waited(const char *function, stream_state *waited_for, const std::function<bool()> &is_so) {
    const cudaError_t error = fake_result(function);
    if (error == cudaSuccess)
        run_until(waited_for, is_so);
    else
        lose_all();
    return error;
}

void add(stream_state *s, const item &added) {
    s->queue.push_back(added);
    while (random_below(4) == 0 && run_one(nullptr))
        ;
}

}  // namespace

void fake_queue(cudaStream_t stream, std::function<void()> work, bool always) {
    if (stream)
        add(state_of(stream), {work, always, nullptr, 0});
    else
        work();
}

extern "C" {

void fake_queue_bytes(cudaStream_t stream, void (*run)(const void *bytes), const void *bytes, size_t size) {
    const char *from = (const char *)bytes;
    const std::vector<char> copy(from, from + size);
    fake_queue(stream, [=] { run(copy.data()); });
}

void fake_run_all(void) {
    while (run_one(nullptr))
        ;
}

int fake_live_streams(void) {
    int live = events;
    for (const stream_state *s : streams)
        live += !s->given_back;
    return live;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    const cudaError_t error = fake_result(__func__);
    if (error == cudaSuccess) {
        static const int at_end =
            atexit(fake_run_all); /* of the process, before what it works on is gone */
        (void)at_end;
        stream_state *made = new stream_state;
        streams.insert(made);
        *stream = reinterpret_cast<cudaStream_t>(made);
    }
    return error;
}

/* What is queued still runs. */
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    stream_state *s = state_of(stream);
    s->given_back = true;
    if (s->queue.empty()) {
        streams.erase(s);
        delete s;
    }
    return fake_result(__func__);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (!stream)
        return waited(__func__, nullptr, [] { return true; });
    stream_state *s = state_of(stream);
    return waited(__func__, s, [=] { return s->queue.empty(); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
    const cudaError_t error = fake_result(__func__);
    if (error == cudaSuccess) {
        *event = reinterpret_cast<cudaEvent_t>(
            new std::shared_ptr<event_state>(std::make_shared<event_state>()));
        events++;
    }
    return error;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete &state_of(event);
    events--;
    return fake_result(__func__);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const cudaError_t error = fake_result(__func__);
    if (error != cudaSuccess)
        return error;
    const std::shared_ptr<event_state> e = state_of(event);
    const unsigned long times = ++e->recorded;
    e->stream = stream;
    fake_queue(
        stream, [=] { e->reached = times; }, true);
    return error;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    const std::shared_ptr<event_state> e = state_of(event);
    stream_state *s = reinterpret_cast<stream_state *>(e->stream);
    return waited(__func__, streams.count(s) ? s : nullptr, [=] { return e->reached == e->recorded; });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const cudaError_t error = fake_result(__func__);
    const std::shared_ptr<event_state> e = state_of(event);
    if (error == cudaSuccess && stream)
        add(state_of(stream), {nullptr, false, e, e->recorded});
    return error;
}
}
