;; What `wasi_snapshot_preview1` is to a plugin: nothing.
;;
;; Rust's standard library for wasm32-wasip1 links a handful of these functions.
;; They are satisfied here, inside the component, so that it imports nothing:
;; no environment, no arguments, no files, no clock. Random bytes are a fixed
;; sequence, so that hash maps iterate alike on every run. What a guest links
;; and this module does not name is refused by `build`, with its name.
;;
;; What is written to stderr is spelled out in requests for memory of 0xff00
;; pages plus the byte, which the host refuses and remembers (`engine`,
;; SPOKEN_PAGES): a component without imports has no other way to say why it
;; panicked, and no state has to be kept anywhere for it.
(module
  (import "env" "memory" (memory 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))

  ;; A plugin that asks for the time is wrong: it is told so, in the words that `build` puts here.
  (func $no_clock (@say) (unreachable))
  (func (export "clock_time_get") (param i32 i64 i32) (result i32) (call $no_clock) (unreachable))
  (func (export "clock_res_get") (param i32 i32) (result i32) (call $no_clock) (unreachable))

  (func (export "fd_write") (param $fd i32) (param $iovs i32) (param $n i32) (param $out i32) (result i32)
    (local $sum i32) (local $at i32) (local $end i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $at (i32.load (local.get $iovs)))
        (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $iovs))))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $iovs))))
        (if (i32.eq (local.get $fd) (i32.const 2))
          (then
            (block $spelled
              (loop $byte
                (br_if $spelled (i32.ge_u (local.get $at) (local.get $end)))
                (drop (memory.grow (i32.add (i32.const 0xff00) (i32.load8_u (local.get $at)))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br $byte)))))
        (local.set $iovs (i32.add (local.get $iovs) (i32.const 8)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $out) (local.get $sum))
    (i32.const 0))

  ;; 8 is EBADF: there are no files.
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) (unreachable))

  (func (export "random_get") (param $p i32) (param $n i32) (result i32)
    (local $i i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (i32.store8 (i32.add (local.get $p) (local.get $i)) (i32.mul (local.get $i) (i32.const 151)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.const 0))
)
