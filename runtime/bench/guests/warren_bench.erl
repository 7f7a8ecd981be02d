%% What warren is compared with, in Erlang: the same programs, measured inside
%% the virtual machine. Reads one command a line and answers each with a line.
-module(warren_bench).
-export([serve/0]).

serve() ->
    case io:get_line("") of
        eof ->
            halt(0);
        Line ->
            [Name | Numbers] = string:lexemes(string:trim(Line), " "),
            Arguments = [list_to_integer(Number) || Number <- Numbers],
            io:format("~w~n", [answer(list_to_atom(Name), Arguments)]),
            serve()
    end.

answer(os_pid, []) -> list_to_integer(os:getpid());
answer(round_trip, [Count]) -> in_a_process(fun() -> nanoseconds(fun() -> ping(Count) end) end);
answer(spawn, [Count]) -> in_a_process(fun() -> nanoseconds(fun() -> spawn_many(Count) end) end);
answer(crowd, [Count]) -> in_a_process(fun() -> crowd(Count) end);
answer(fall, [Shape, Count]) -> in_a_process(fun() -> fall(Shape, Count) end);
answer(sleep, [Count, Busy]) -> beside_busy(Busy, fun() -> sleep(Count, []) end).

ping(Count) ->
    Echo = spawn(fun() -> echo(Count) end),
    ping(Echo, payload(), Count).

ping(_, _, 0) ->
    ok;
ping(Echo, Payload, Left) ->
    Echo ! {self(), ping, Payload},
    receive {Echo, ping, Payload} -> ok end,
    ping(Echo, Payload, Left - 1).

echo(0) ->
    ok;
echo(Left) ->
    receive {From, Topic, Payload} -> From ! {self(), Topic, Payload} end,
    echo(Left - 1).

%% On the heap of its process, so that sending copies it.
payload() -> binary:copy(<<"0123456789abcdef">>, 4).

spawn_many(0) ->
    ok;
spawn_many(Left) ->
    {Pid, Monitor} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Monitor, process, Pid, normal} -> ok end,
    spawn_many(Left - 1).

%% The echoes go on waiting for a second message.
crowd(0) ->
    ok;
crowd(Left) ->
    ping(spawn(fun() -> echo(2) end), payload(), 1),
    crowd(Left - 1).

%% Linked as a chain (0), a star (1), or each to every other (2).
fall(Shape, Count) ->
    Monitored = [spawn_monitor(fun parked/0) || _ <- lists:seq(1, Count)],
    [First | Others] = Pids = [Pid || {Pid, _} <- Monitored],
    Linked = case Shape of
        0 -> lists:zip(Others, [[Pid] || Pid <- lists:droplast(Pids)]);
        1 -> [{Pid, [First]} || Pid <- Others];
        2 -> [{Pid, lists:takewhile(fun(Other) -> Other =/= Pid end, Pids)} || Pid <- Others]
    end,
    [link_to(Pid, Peers) || {Pid, Peers} <- Linked],
    nanoseconds(fun() ->
        exit(First, kill),
        [receive {'DOWN', Monitor, process, Pid, _} -> ok end || {Pid, Monitor} <- Monitored]
    end).

link_to(Pid, Peers) ->
    Pid ! {link, self(), Peers},
    receive {Pid, linked} -> ok end.

parked() ->
    receive
        {link, From, Peers} ->
            [link(Peer) || Peer <- Peers],
            From ! {self(), linked},
            parked()
    end.

%% By how many nanoseconds too late it woke, each time.
sleep(0, Late) ->
    Late;
sleep(Left, Late) ->
    Began = erlang:monotonic_time(nanosecond),
    receive after 2 -> ok end,
    Slept = erlang:monotonic_time(nanosecond) - Began,
    sleep(Left - 1, [max(Slept - 2000000, 0) | Late]).

beside_busy(Number, Measured) ->
    Busy = [spawn(fun busy/0) || _ <- lists:seq(1, Number)],
    Result = in_a_process(Measured),
    [exit(Pid, kill) || Pid <- Busy],
    Result.

busy() -> busy().

nanoseconds(Work) ->
    Began = erlang:monotonic_time(nanosecond),
    Work(),
    erlang:monotonic_time(nanosecond) - Began.

in_a_process(Work) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Work()}) end),
    receive {'DOWN', Monitor, process, Pid, {result, Result}} -> Result end.
