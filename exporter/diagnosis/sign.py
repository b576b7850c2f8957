"""The signs by which causes are told: a closed list, and facts that show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.model import Cause


class Sign(StrEnum):
    """What was seen, in the words of the judgement.

    `FRESH_…` is about connections opened since the trouble began, `HELD_…` about such as were open before,
    `IDLE_…` about such as are left silent, `ECHO_…` about ICMP, `SERVER_…` about what the server says of
    itself.
    """

    SAID = "said"  # whoever refused or ended it said why
    FRESH_WORKS = "fresh_works"
    FRESH_SOMETIMES = "fresh_sometimes"
    FRESH_UNANSWERED = "fresh_unanswered"  # nobody answers the SYN
    FRESH_NEVER_SENT = "fresh_never_sent"  # the SYN has not left this host
    FRESH_REFUSED = "fresh_refused"
    FRESH_REFUSED_LONG = "fresh_refused_long"
    FRESH_FAILED = "fresh_failed"  # in a way that points at nobody
    FRESH_ALL_FAIL = "fresh_all_fail"  # for seconds, not one has come about
    FRESH_UNREACHABLE = "fresh_unreachable"  # a router, or the host's neighbour, says so
    FRESH_MUTE = "fresh_mute"  # connected, and not a byte comes
    FRESH_HUNG_UP = "fresh_hung_up"  # connected, and closed before the first byte
    FRESH_HUNG_UP_LATE = "fresh_hung_up_late"  # the same, after a wait that is always the same
    FRESH_STUCK = "fresh_stuck"  # connected, and from some packet on nothing is acknowledged
    FRESH_TLS_STALLS = "fresh_tls_stalls"
    FRESH_QUERY_STALLS = "fresh_query_stalls"
    FRESH_LOCAL = "fresh_local"  # this host's own network refuses
    FRESH_RESOURCES = "fresh_resources"  # this host or process has run out of something
    SYN_RESENT = "syn_resent"
    TCP_WORKS = "tcp_works"
    HELD_WORKS = "held_works"
    HELD_SILENT = "held_silent"  # sent again and again, never acknowledged
    HELD_UNANSWERED = "held_unanswered"  # acknowledged, never answered
    HELD_STOPPED_HERE = "held_stopped_here"  # nothing leaves this host
    HELD_CLOSED = "held_closed"
    HELD_RESET = "held_reset"
    HELD_RESET_ON_USE = "held_reset_on_use"
    HELD_REVIVED = "held_revived"
    HELD_SLOW = "held_slow"  # answers come as late as after a retransmission
    HELD_MANY = "held_many"  # several at once, however long each had been silent
    HELD_ONE = "held_one"  # one, while others lived on
    HELD_OTHERS_GONE = "held_others_gone"  # those of several probes have died
    HELD_OTHERS_LIVE = "held_others_live"  # that of another probe stands
    HELD_EQUAL_AGE = "held_equal_age"
    IDLE_FOUND = "idle_found"  # experiments have told the layer
    IDLE_VANISHED = "idle_vanished"  # after silence nothing passes, and the server does not know
    IDLE_AT_SETTING = "idle_at_setting"  # ends when the server's own setting says
    IDLE_NOT_SETTING = "idle_not_setting"  # no setting of the server has that value
    IDLE_CLOSED = "idle_closed"  # closed in the silence, always after the same time
    IDLE_RESET = "idle_reset"  # reset in the silence, always after the same time
    ECHO_WORKS = "echo_works"
    ECHO_GAP = "echo_gap"  # none came back for a time
    ECHO_LOST = "echo_lost"  # some, too few to tell anything
    ECHO_LOSS = "echo_loss"  # more lost than any path may lose
    ECHO_NEVER_SENT = "echo_never_sent"
    ECHO_UNREACHABLE = "echo_unreachable"  # a router says so of those that used to be answered
    DELAY_UP = "delay_up"
    DELAY_UP_TCP = "delay_up_tcp"
    CHECKSUMS = "checksums"
    BIG_VANISH = "big_vanish"  # larger packets vanish, and nobody says why
    BIG_STALL = "big_stall"  # large questions or answers do not pass, small ones do
    BIG_PASSES = "big_passes"
    LOSS_STARTS = "loss_starts"
    PATH_NEARER = "path_nearer"  # somebody nearer than the server answers for it
    PATH_SHORT = "path_short"  # the path ends before the server
    ANSWER_CHANGED = "answer_changed"
    NAME_SLOW = "name_slow"
    SIX_BROKEN = "six_broken"
    SERVER_RESTARTED = "server_restarted"
    SERVER_OTHER = "server_other"
    SERVER_GOES_ON = "server_goes_on"  # it has not restarted
    SERVER_READ_ONLY = "server_read_only"
    SERVER_LOCKS = "server_locks"
    SERVER_FULL = "server_full"
    SERVER_COUNTS_KILLED = "server_counts_killed"
    SERVER_COUNTS_REFUSED = "server_counts_refused"
    DIRECT = "direct"  # the server sees our own address: nobody stands between who would speak for us
    INDIRECT = "indirect"
    MAY_WANT_TLS = "may_want_tls"  # refused without TLS, in words that do not tell a wrong password from that
    TLS_LETS_IN = "tls_lets_in"  # refused over plain TCP, let in over TLS
    EVERYBODY = "everybody"  # other targets suffer at the same time, all of them
    HOST_STALLED = "host_stalled"  # this host stood still: no time measured meanwhile is true


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sign that was seen: `text` is a sentence for people, with the figures.

    `cause` is who is meant, where the sign is one of several causes (`SAID`, `IDLE_FOUND`). `values` are
    figures that go into the advice, by the names of `exporter.diagnosis.catalogue.entry.VALUES`. `strength`
    is less than 1 for what has been seen too seldom to count in full.
    """

    sign: Sign
    text: str
    cause: Cause | None = None
    strength: float = 1.0
    values: Mapping[str, str] = field(default_factory=dict)
