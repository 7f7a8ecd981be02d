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
answer(round_trip, [Count, Pairs, Payload]) -> timed(fun() -> pairs(Count, Pairs, payload(Payload)) end);
answer(fan_out, [Count]) -> in_a_process(fun() -> fan_out(Count) end);
answer(fan_in, [Count]) -> in_a_process(fun() -> fan_in(Count) end);
answer(spawn, [Count]) -> timed(fun() -> spawn_many(Count) end);
answer(herd, [Count]) -> timed(fun() -> herd(Count) end);
answer(ring, [Laps]) -> in_a_process(fun() -> ring(Laps) end);
answer(skynet, [Size, AtOnce]) -> timed(fun() -> skynet(Size, AtOnce) end);
answer(crowd, [Count, Messages]) -> in_a_process(fun() -> crowd(Count, Messages) end);
answer(fall, [Shape, Count]) -> in_a_process(fun() -> fall(Shape, Count) end);
answer(sleep, [Count, Busy]) -> beside_busy(Busy, fun() -> sleep(Count, []) end).

%% Messages

pairs(Count, 1, Payload) ->
    ping(Count, Payload);
pairs(Count, Pairs, Payload) ->
    Pings = [spawn_monitor(fun() -> ping(Count, Payload) end) || _ <- lists:seq(1, Pairs)],
    [receive {'DOWN', Monitor, process, Pid, normal} -> ok end || {Pid, Monitor} <- Pings].

ping(Count, Payload) ->
    Echo = spawn(fun() -> echo(Count) end),
    ping(Echo, Payload, Count).

ping(_, _, 0) ->
    ok;
ping(Echo, Payload, Left) ->
    Echo ! {self(), t, Payload},
    receive {Echo, t, _} -> ok end,
    ping(Echo, Payload, Left - 1).

echo(0) ->
    ok;
echo(Left) ->
    receive {From, Topic, Payload} -> From ! {self(), Topic, Payload} end,
    echo(Left - 1).

%% The first is on the heap of its process, so that sending copies it; the
%% second is not, as a binary of more than 64 bytes never is.
payload(0) -> binary:copy(<<"0123456789abcdef">>, 4);
payload(1) -> binary:copy(<<"0123456789abcdef">>, 64);
payload(2) -> #{id => 7, name => binary:copy(<<"counter">>), values => [1, 2, 3, 4], ok => true}.

fan_out(Count) ->
    Receivers = [spawn(fun() -> sink(Count) end) || _ <- lists:seq(1, 1000)],
    Payload = payload(0),
    nanoseconds(fun() ->
        [Receiver ! {self(), t, Payload} || _ <- lists:seq(1, Count), Receiver <- Receivers],
        [receive done -> ok end || _ <- Receivers]
    end).

sink(Left) ->
    receive
        {From, t, _} when Left =:= 1 -> From ! done;
        {_, t, _} -> sink(Left - 1)
    end.

fan_in(Count) ->
    Senders = [spawn(fun() -> source(Count) end) || _ <- lists:seq(1, 1000)],
    nanoseconds(fun() ->
        [Sender ! {self(), go} || Sender <- Senders],
        drain(1000 * Count)
    end).

source(Count) ->
    Payload = payload(0),
    receive {To, go} -> [To ! {self(), t, Payload} || _ <- lists:seq(1, Count)] end.

drain(0) -> ok;
drain(Left) -> receive {_, t, _} -> drain(Left - 1) end.

%% Processes

spawn_many(0) ->
    ok;
spawn_many(Left) ->
    {Pid, Monitor} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Monitor, process, Pid, normal} -> ok end,
    spawn_many(Left - 1).

%% All alive at once.
herd(Count) ->
    Members = [spawn_monitor(fun() -> receive go -> ok end end) || _ <- lists:seq(1, Count)],
    [Pid ! go || {Pid, _} <- Members],
    [receive {'DOWN', Monitor, process, Pid, normal} -> ok end || {Pid, Monitor} <- Members].

%% The echoes go on waiting for one message more.
crowd(0, _) ->
    ok;
crowd(Left, Messages) ->
    ping(spawn(fun() -> echo(Messages + 1) end), payload(0), Messages),
    crowd(Left - 1, Messages).

%% 503 processes, this one included.
ring(Laps) ->
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> member(Next) end) end, self(), lists:seq(1, 502)),
    Took = nanoseconds(fun() -> laps(First, Laps) end),
    First ! {token, 0},
    receive {token, 0} -> Took end.

laps(_, 0) ->
    ok;
laps(First, Left) ->
    First ! {token, 1},
    receive {token, 1} -> laps(First, Left - 1) end.

member(Next) ->
    receive {token, Token} -> Next ! {token, Token} end,
    case Token of
        0 -> ok;
        1 -> member(Next)
    end.

skynet(Size, AtOnce) ->
    Sum = node(0, Size, AtOnce),
    Sum = Size * (Size - 1) div 2.

node(Number, 1, _) ->
    Number;
node(Number, Size, AtOnce) ->
    Step = Size div 10,
    Numbers = [Number + I * Step || I <- lists:seq(0, 9)],
    Start = fun(First) ->
        Parent = self(),
        spawn(fun() -> Parent ! {sum, node(First, Step, AtOnce)} end)
    end,
    case Size =< AtOnce of
        true ->
            [Start(First) || First <- Numbers],
            lists:sum([sum() || _ <- Numbers]);
        false ->
            lists:sum([begin Start(First), sum() end || First <- Numbers])
    end.

sum() -> receive {sum, Sum} -> Sum end.

%% Time

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

timed(Work) -> in_a_process(fun() -> nanoseconds(Work) end).

nanoseconds(Work) ->
    Began = erlang:monotonic_time(nanosecond),
    Work(),
    erlang:monotonic_time(nanosecond) - Began.

in_a_process(Work) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Work()}) end),
    receive {'DOWN', Monitor, process, Pid, {result, Result}} -> Result end.
