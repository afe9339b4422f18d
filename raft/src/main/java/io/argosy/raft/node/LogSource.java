package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.RaftLog;
import io.argosy.raft.transport.Bulk;
import io.argosy.raft.transport.Bulk.Reason;
import java.io.IOException;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Log that this replica gives to others, read from its disk. On the bulk lane. */
final class LogSource {

    private static final Logger log = LoggerFactory.getLogger(LogSource.class);

    private final RaftLog raftLog;
    private final LongSupplier committedIndex;
    private final Runnable damageFound;

    /** @param committedIndex committed, and durable here */
    LogSource(RaftLog raftLog, LongSupplier committedIndex, Runnable damageFound) {
        this.raftLog = raftLog;
        this.committedIndex = committedIndex;
        this.damageFound = damageFound;
    }

    Bulk.Answer read(Bulk.ReadLog request) {
        long from = request.fromIndex();
        // Before the read: what is read may be replaced afterwards, unless it was committed by now.
        long committed = committedIndex.getAsLong();
        if (from > raftLog.lastIndex()) {
            return new Bulk.Refused(Reason.NEVER_HAD, "the log ends at " + raftLog.lastIndex());
        }
        try {
            List<Entry> entries = raftLog.read(from, request.bytesMax());
            int wanted = (int) Math.min(entries.size(), request.toIndex() - from + 1);
            return new Bulk.LogPart(
                    raftLog.isTermKnownInFrontOf(from) ? termAt(from - 1) : Bulk.LogPart.TERM_UNKNOWN,
                    raftLog.segmentStart(Math.min(request.toIndex(), raftLog.lastIndex())),
                    committed,
                    entries.subList(0, wanted));
        } catch (TrimmedException e) {
            return new Bulk.Refused(Reason.TRIMMED, String.valueOf(e.getMessage()));
        } catch (DamagedEntryException e) {
            damageFound.run();
            return new Bulk.Refused(Reason.DAMAGED, String.valueOf(e.getMessage()));
        } catch (IOException | IllegalArgumentException e) {
            log.warn("cannot read log for a peer request={}", request, e);
            return new Bulk.Refused(Reason.LATER, String.valueOf(e.getMessage()));
        }
    }

    private long termAt(long index) {
        long term = 0;
        for (TermStart start : raftLog.terms()) {
            if (start.firstIndex() <= index) {
                term = start.term();
            }
        }
        return term;
    }
}
