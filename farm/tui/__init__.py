"""The operator's console: ``farm tui``.

For whoever adds a screen:

1. Write ``screens/<name>.py`` with a class that extends :class:`farm.tui.screens.screen.FarmScreen`,
   and add its row to ``TABS`` in ``tabs.py`` (the numbers are fixed there). ``body()`` yields its
   widgets; bar, banner and footer are the frame's.
2. Read with ``self.load("name", query)``: ``query(database)`` runs in a thread, and its result comes
   back as ``Loaded(key="name", value=...)``. Handle it in ``loaded(key, value)``. Never read in a
   handler. An outage becomes the banner and a refusal a toast by themselves. Queries live in
   ``farm/ledger/views_*.py``, bounded by an index or a limit; only the ledger knows SQLAlchemy.
3. ``changed(delta)`` is called about once a second while the screen shows, with the new events;
   ``delta.complete`` false means: load everything anew; ``delta.quiet``: nothing happened, so count
   nothing; what moves without an event is compared by ``delta.pulse``. ``opened()`` is called once
   each time it is shown.
4. Give orders with ``self.order(act)``, where ``act(acts)`` calls methods of ``acts.Acts`` (add yours
   there, through the ledger's functions) and returns what it ``Told``. Toasts, undo (``u``) and a
   fresh look at the ledger follow by themselves. Ask first with ``self.confirm(question, act)`` when
   something is destroyed, and with ``self.ask(question, then)`` for a line of text.
5. Every ``Binding`` has an ``id`` (``screen.action``) and a ``tooltip``; help, palette and key
   remapping are made from them. Name actions that write in ``WRITES``: read-only mode turns them off.
6. Lists are :class:`farm.tui.widgets.table.VirtualTable`: ``set_keys`` with all keys, ``put`` with the
   cells of those you have; it posts ``RowsWanted`` for the rest. Messages between widgets go into
   ``messages.py``. Text is a :class:`farm.tui.widgets.text.Text`, which draws only what changed.
   Colours: ``colours.style_of(state)`` in content, a tone's name in table cells.
7. Styles go into ``farm.tcss`` under the screen's name. The screen has the class ``-narrow`` below 100
   columns and ``-wide`` from 160.
8. Tests run the console of ``console.build_console`` with ``app.run_test`` over a real ledger, and ask
   the ledger what became of an order (``tests/tui/console_lab.py`` has the pieces).
"""
