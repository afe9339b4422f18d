package io.argosy.raft.sim;

import io.argosy.raft.RaftConfig;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** What a seed draws once for its whole run: sizes, speeds, and which kinds of faults it has at all. */
final class Swarm {

    static final long MILLI = 1_000_000;
    private static final int[] VOTERS = {3, 3, 3, 3, 5, 5, 5, 7, 1, 2, 4};
    private static final List<FaultClass> DRAWN_LATER = List.of(
            FaultClass.TRANSFER,
            FaultClass.PRIORITY,
            FaultClass.SNAPSHOT,
            FaultClass.BACKFILL,
            FaultClass.BREAK_OFF,
            FaultClass.GARBLE,
            FaultClass.MEMBERSHIP,
            FaultClass.WIPE,
            FaultClass.MISDIRECT,
            FaultClass.DISK_FULL);
    private static final int[] SEGMENT_BYTES = {16 << 10, 64 << 10, 256 << 10, 1 << 20};

    final int voters;
    /** Machines with empty disks that may join. */
    final int spares;

    final Set<FaultClass> faults;
    final long virtualNanos;

    // Network.
    final long delayMinNanos;
    final long delayMeanNanos;
    final int lossPermille;
    final int duplicatePermille;
    final boolean inOrder;

    // Disk.
    final long fsyncMeanNanos;
    final long maintainNanos;
    final long flushMeanNanos;

    // Load.
    final int requestsPerSecond;
    final int payloadBytesMax;

    // Trouble.
    final long strikeMeanNanos;
    final long downMeanNanos;
    final int damageable;
    final double driftMax;

    final RaftConfig.Limits limits;
    final RaftConfig.Storage storage;

    /** Everything is drawn, whatever the plan overrules: all else stays as it is. */
    Swarm(SplittableRandom random, Plan plan) {
        Set<FaultClass> without = plan.without();
        voters = plan.voters().orElse(VOTERS[random.nextInt(VOTERS.length)]);
        faults = EnumSet.noneOf(FaultClass.class);
        int share = 1 + random.nextInt(4);
        for (FaultClass fault : FaultClass.values()) {
            if (fault.compareTo(FaultClass.TRANSFER) < 0 && random.nextInt(5) < share && !without.contains(fault)) {
                faults.add(fault);
            }
        }
        virtualNanos = plan.seconds().orElse(5 + random.nextInt(16)) * 1_000L * MILLI;

        delayMinNanos = random.nextInt(3) == 0 ? random.nextLong(30 * MILLI) : random.nextLong(MILLI);
        delayMeanNanos = random.nextInt(3) == 0 ? random.nextLong(60 * MILLI) : 200_000 + random.nextLong(3 * MILLI);
        int loss = random.nextInt(random.nextInt(4) == 0 ? 300 : 50);
        lossPermille = faults.contains(FaultClass.LOSS) ? loss : 0;
        int duplicates = random.nextInt(300);
        duplicatePermille = faults.contains(FaultClass.DUPLICATION) ? duplicates : 0;
        inOrder = random.nextInt(3) == 0;

        fsyncMeanNanos = random.nextInt(3) == 0 ? 1 + random.nextLong(60 * MILLI) : 50_000 + random.nextLong(4 * MILLI);
        maintainNanos = (5 + random.nextInt(200)) * MILLI;
        flushMeanNanos = (50 + random.nextInt(3_000)) * MILLI;

        requestsPerSecond = plan.rate().orElse(20 + random.nextInt(200));
        payloadBytesMax = random.nextInt(4) == 0 ? 4_000 : 200;

        strikeMeanNanos = (100 + random.nextInt(2_000)) * MILLI;
        downMeanNanos = (50 + random.nextInt(2_000)) * MILLI;
        driftMax = 0.01;

        boolean small = random.nextBoolean();
        limits = new RaftConfig.Limits(
                small ? 2_000 : 1 << 20,
                small ? 8_000 : 8 << 20,
                small ? 40_000 : 256L << 20,
                small ? 3_000 : 1 << 20,
                1,
                small ? 200_000 : 100 << 20);
        int segmentBytes = SEGMENT_BYTES[random.nextInt(SEGMENT_BYTES.length)];
        // Drawn last, as kinds that come later must be: the seeds before them stay what they were.
        for (FaultClass fault : DRAWN_LATER) {
            if (random.nextInt(4) == 0 && !without.contains(fault)) {
                faults.add(fault);
            }
        }
        int drawn = random.nextInt(4);
        spares = faults.contains(FaultClass.MEMBERSHIP) || faults.contains(FaultClass.WIPE) ? 2 + drawn : 0;
        damageable =
                faults.contains(FaultClass.BIT_FLIP) || faults.contains(FaultClass.MISDIRECT) ? (voters - 1) / 2 : 0;
        // Whole segments are trimmed, and sealed ones are hit: there must be some.
        boolean trims = faults.contains(FaultClass.SNAPSHOT) || faults.contains(FaultClass.MISDIRECT);
        Duration scrubInterval = Duration.ofSeconds(1 + random.nextInt(8));
        // A loss of power must be one that the nemesis may inflict at that moment: on a voter, with a majority left.
        boolean asyncDrawn = random.nextBoolean();
        if (asyncDrawn
                && voters > 2
                && spares == 0
                && damageable == 0
                && !faults.contains(FaultClass.BREAK_OFF)
                && !without.contains(FaultClass.ASYNC)) {
            faults.add(FaultClass.ASYNC);
        }
        storage = new RaftConfig.Storage(
                faults.contains(FaultClass.ASYNC) ? RaftConfig.Flush.ASYNC : RaftConfig.Flush.FSYNC,
                trims ? Math.min(segmentBytes, 32 << 10) : segmentBytes,
                1L << 40,
                // The others read their logs once, soon after each start.
                damageable > 0 ? new RaftConfig.Scrub(scrubInterval, 1 << 20) : RaftConfig.Scrub.NEVER);
    }

    /** No faults, a fast network and fast disks: for scripts that make their own trouble. */
    Swarm(int voters) {
        this(voters, 0);
    }

    Swarm(int voters, int spares) {
        this.voters = voters;
        this.spares = spares;
        faults = EnumSet.noneOf(FaultClass.class);
        virtualNanos = 0;
        delayMinNanos = 100_000;
        delayMeanNanos = 200_000;
        lossPermille = 0;
        duplicatePermille = 0;
        inOrder = false;
        fsyncMeanNanos = MILLI;
        maintainNanos = 20 * MILLI;
        flushMeanNanos = 1_000 * MILLI;
        requestsPerSecond = 50;
        payloadBytesMax = 100;
        strikeMeanNanos = 1_000 * MILLI;
        downMeanNanos = 1_000 * MILLI;
        damageable = 0;
        driftMax = 0;
        limits = RaftConfig.Limits.DEFAULT;
        storage = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 1 << 20, 1L << 40, RaftConfig.Scrub.NEVER);
    }

    boolean scrubs() {
        return !storage.scrub().interval().isZero();
    }

    boolean has(FaultClass fault) {
        return faults.contains(fault);
    }

    @Override
    public String toString() {
        return "voters=" + voters + " spares=" + spares + " faults=" + faults + " delay=" + delayMinNanos / 1000 + "+"
                + delayMeanNanos / 1000
                + "us loss=" + lossPermille + " dup=" + duplicatePermille + " inOrder=" + inOrder + " fsync="
                + fsyncMeanNanos / 1000 + "us rate=" + requestsPerSecond + " payload=" + payloadBytesMax + " strike="
                + strikeMeanNanos / MILLI + "ms down=" + downMeanNanos / MILLI + "ms segment=" + storage.segmentBytes()
                + " window=" + limits.windowBytes() + " seconds=" + virtualNanos / MILLI / 1000;
    }
}
