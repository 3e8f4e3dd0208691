// One listening socket of one worker: takes connections in small batches, pauses when the worker is full or the process is
// out of descriptors, and never spins.
#pragma once

#include "base/loop.h"
#include "proxy/worker.h"

namespace sallyport::proxy {

class Listener final : private IoHandler, private Timer {
 public:
  Listener(Worker& worker, const Worker::Socket& socket);
  ~Listener() = default;
  void stop();

 private:
  void on_io(IoReady ready) override;
  void expired() override;
  void pause();

  Worker& worker_;
  const Worker::Socket& socket_;
  ReadEvent event_;
  bool stopped_ = false;
};

}  // namespace sallyport::proxy
