package io.argosy.raft.sim;

import java.util.EnumMap;
import java.util.Map;

/** What a run went through; runs add up. */
public final class Counts {

    long seeds;
    long virtualNanos;
    long events;
    long messages;
    long messagesLost;
    long messagesDoubled;
    long messagesCut;
    long elections;
    long entriesCommitted;
    long operations;
    long operationsUnknown;
    long readsConfirmed;
    long logReads;
    long diskErrorsHit;
    long withoutQuorum;
    long snapshotsTaken;
    long snapshotsRestored;
    long filesRepaired;
    long filesBackfilled;
    long partsGarbled;
    long membershipsCommitted;
    long scrubsFinished;
    final Map<FaultClass, Long> faults = new EnumMap<>(FaultClass.class);

    void struck(FaultClass fault) {
        faults.merge(fault, 1L, Long::sum);
    }

    void add(Counts other) {
        seeds += other.seeds;
        virtualNanos += other.virtualNanos;
        events += other.events;
        messages += other.messages;
        messagesLost += other.messagesLost;
        messagesDoubled += other.messagesDoubled;
        messagesCut += other.messagesCut;
        elections += other.elections;
        entriesCommitted += other.entriesCommitted;
        operations += other.operations;
        operationsUnknown += other.operationsUnknown;
        readsConfirmed += other.readsConfirmed;
        logReads += other.logReads;
        diskErrorsHit += other.diskErrorsHit;
        withoutQuorum += other.withoutQuorum;
        snapshotsTaken += other.snapshotsTaken;
        snapshotsRestored += other.snapshotsRestored;
        filesRepaired += other.filesRepaired;
        filesBackfilled += other.filesBackfilled;
        partsGarbled += other.partsGarbled;
        membershipsCommitted += other.membershipsCommitted;
        scrubsFinished += other.scrubsFinished;
        other.faults.forEach((fault, count) -> faults.merge(fault, count, Long::sum));
    }

    @Override
    public String toString() {
        return String.format(
                "seeds=%d virtualHours=%.2f events=%d messages=%d lost=%d doubled=%d cut=%d elections=%d committed=%d"
                        + " operations=%d unknown=%d reads=%d logReads=%d diskErrorsHit=%d withoutQuorum=%d"
                        + " snapshotsTaken=%d snapshotsRestored=%d filesRepaired=%d filesBackfilled=%d partsGarbled=%d memberships=%d"
                        + " scrubs=%d"
                        + " faults=%s",
                seeds,
                virtualNanos / 3.6e12,
                events,
                messages,
                messagesLost,
                messagesDoubled,
                messagesCut,
                elections,
                entriesCommitted,
                operations,
                operationsUnknown,
                readsConfirmed,
                logReads,
                diskErrorsHit,
                withoutQuorum,
                snapshotsTaken,
                snapshotsRestored,
                filesRepaired,
                filesBackfilled,
                partsGarbled,
                membershipsCommitted,
                scrubsFinished,
                faults);
    }
}
