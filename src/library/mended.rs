//! Mistakes of the packed library that hang programs, lose errors or tell wrong, and what stands in their
//! place: (file, text, replacement). Each goes when the library has its own remedy; the build then says that
//! the text is not there any more.

pub const MENDED: &[(&str, &str, &str)] = &[
    // A chunk without bytes is never sent off, so the transport would wait for it for good.
    (
        "asyncio/selector_events.py",
        "self._buffer.extend([memoryview(data) for data in list_of_data])\n",
        "self._buffer.extend(memoryview(data) for data in list_of_data if data)\n        if not self._buffer:\n            return\n",
    ),
    // `resume_writing` may have closed the transport: it has been told once then.
    (
        "asyncio/selector_events.py",
        "                if self._closing:\n                    self._call_connection_lost(None)\n                elif self._eof:\n",
        "                if self._closing:\n                    if not self._conn_lost:\n                        self._conn_lost += 1\n                        self._call_connection_lost(None)\n                elif self._eof:\n",
    ),
    // The waiter may have been cancelled before the accept was its turn.
    (
        "asyncio/selector_events.py",
        "    def _sock_accept(self, fut, sock):\n",
        "    def _sock_accept(self, fut, sock):\n        if fut.done():\n            return\n",
    ),
    // A callback that raises leaves nobody who would close the connection.
    (
        "asyncio/streams.py",
        "            res = self._client_connected_cb(reader, writer)\n",
        "            try:\n                res = self._client_connected_cb(reader, writer)\n            except Exception as error:\n                self._loop.call_exception_handler({\n                    'message': 'Unhandled exception in client_connected_cb',\n                    'exception': error,\n                    'transport': transport,\n                })\n                transport.close()\n                self._strong_reader = None\n                return\n",
    ),
    // Waiting for a process is over when it has exited, whoever else holds its pipes.
    (
        "asyncio/base_subprocess.py",
        "        self._call(self._protocol.process_exited)\n",
        "        self._call(self._protocol.process_exited)\n        waiters, self._exit_waiters = self._exit_waiters, []\n        for waiter in waiters:\n            if not waiter.done():\n                waiter.set_result(returncode)\n",
    ),
    // A server that stops serving does not wait for clients that never leave.
    (
        "asyncio/base_events.py",
        "            try:\n                self.close()\n                await self.wait_closed()\n",
        "            try:\n                self.close()\n                self.close_clients()\n                await self.wait_closed()\n",
    ),
    // Futures that are still pending when `wait` gives up are awaited by nobody.
    (
        "asyncio/tasks.py",
        "        for f in fs:\n            f.remove_done_callback(_on_completion)\n\n    done, pending",
        "        for f in fs:\n            f.remove_done_callback(_on_completion)\n            futures.future_discard_from_awaited_by(f, cur_task)\n\n    done, pending",
    ),
    // The same for what `gather` has given up, and for what `shield` protects when the outer future is done.
    (
        "asyncio/tasks.py",
        "    outer = _GatheringFuture(children, loop=loop)\n",
        "    outer = _GatheringFuture(children, loop=loop)\n    if cur_task is not None:\n        def _stop_waiting(outer):\n            for fut in children:\n                futures.future_discard_from_awaited_by(fut, cur_task)\n\n        outer.add_done_callback(_stop_waiting)\n",
    ),
    (
        "asyncio/tasks.py",
        "            inner.remove_done_callback(_inner_done_callback)\n",
        "            inner.remove_done_callback(_inner_done_callback)\n            if cur_task is not None:\n                inner.remove_done_callback(_clear_awaited_by_callback)\n                _clear_awaited_by_callback(inner)\n",
    ),
    // The coroutine of a task that is done has no frame.
    (
        "asyncio/graph.py",
        "            st.append(FrameCallGraphEntry(coro.cr_frame))\n            coro = coro.cr_await\n",
        "            if coro.cr_frame:\n                st.append(FrameCallGraphEntry(coro.cr_frame))\n            coro = coro.cr_await\n",
    ),
    // What separates the words of an option may itself be a delimiter.
    (
        "configparser.py",
        r"            (?:\s+(?:(?!{delim})\S)+)*)    # optionally more words",
        r"            (?:(?:(?!{delim})\s)+(?:(?!{delim})\S)+)*)    # optionally more words",
    ),
    // A password that was given for https is not sent by http.
    (
        "urllib/request.py",
        "class HTTPPasswordMgr:\n",
        "class _ReducedURI(tuple):\n    scheme = None\n\n    def has_other_scheme(self, other):\n        theirs = getattr(other, 'scheme', None)\n        return bool(self.scheme and theirs and self.scheme != theirs)\n\n    def __eq__(self, other):\n        return tuple.__eq__(self, other) and not self.has_other_scheme(other)\n\n    __hash__ = tuple.__hash__\n\n\nclass HTTPPasswordMgr:\n",
    ),
    (
        "urllib/request.py",
        "        return authority, path\n",
        "        reduced = _ReducedURI((authority, path))\n        reduced.scheme = scheme\n        return reduced\n",
    ),
    (
        "urllib/request.py",
        "        if base == test:\n            return True\n        if base[0] != test[0]:\n",
        "        if base == test:\n            return True\n        if isinstance(base, _ReducedURI) and base.has_other_scheme(test):\n            return False\n        if base[0] != test[0]:\n",
    ),
    // A generator that a coroutine runs is not where the coroutine's stack begins.
    (
        "asyncio/graph.py",
        "            is_async = f.f_generator is not None\n",
        "            is_async = isinstance(\n                f.f_generator, (types.CoroutineType, types.AsyncGeneratorType))\n",
    ),
];
