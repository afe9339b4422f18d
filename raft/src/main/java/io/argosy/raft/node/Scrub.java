package io.argosy.raft.node;

import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.storage.StoreCheck;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads everything that lies at rest, again and again, at a low rate: what rots is found and repaired from the other
 * replicas before they rot as well (raft-reference 4.4). On the bulk lane, one stretch per step; what is written anew
 * goes through the writer.
 *
 * <p>It reads as everybody does: what the operating system still holds in memory is compared there.
 */
final class Scrub {

    private static final Logger log = LoggerFactory.getLogger(Scrub.class);

    private static final int STRETCH_BYTES = 1 << 20;
    /** Slower than this is of no use: a small log is done sooner, then there is rest. */
    private static final long BYTES_PER_SECOND_MIN = 256 << 10;

    private static final int SHOWN_MAX = 100;

    private final ReplicaStore store;
    private final StateMachine stateMachine;
    private final RaftConfig.Scrub config;
    private final Runnable damageFound;
    private final BiConsumer<LogWriter.DiskAction, Runnable> change;

    private Phase phase = Phase.RESTING;
    private long beginsNanos;
    private long begunNanos;
    private Pace pace = new Pace(1);
    private Optional<StoreCheck> check = Optional.empty();
    private String stateFile = "";

    private long finished;
    private long doneBytes;
    private long totalBytes;
    private long damaged;
    private long repaired;
    /** Damaged entries that are counted and not yet whole again. */
    private List<Damage> counted = List.of();
    /** Files of the log that lost a spare copy of something, likewise. */
    private List<String> worn = List.of();
    /** Damaged files of the state: name, and what is wrong. */
    private final Map<String, String> stateDamage = new TreeMap<>();

    private volatile ScrubStatus status = ScrubStatus.NONE;

    private enum Phase {
        RESTING,
        LOG,
        /** The writer looks at the small files. */
        SMALL_FILES,
        STATE
    }

    /** @param change runs the first on the writer's lane, then the second on this one */
    Scrub(
            ReplicaStore store,
            StateMachine stateMachine,
            RaftConfig.Scrub config,
            Runnable damageFound,
            BiConsumer<LogWriter.DiskAction, Runnable> change,
            long nowNanos) {
        this.store = store;
        this.stateMachine = stateMachine;
        this.config = config;
        this.damageFound = damageFound;
        this.change = change;
        this.beginsNanos = nowNanos;
    }

    /** Any thread. */
    ScrubStatus status() {
        return status;
    }

    /** An operator asks: begins anew, at this rate; 0 for the configured one. */
    void begin(long bytesPerSecond, long nowNanos) throws IOException {
        if (phase == Phase.SMALL_FILES) {
            return; // in a moment it is done
        }
        end(nowNanos);
        start(bytesPerSecond > 0 ? bytesPerSecond : config.bytesPerSecond(), nowNanos);
    }

    private void start(long bytesPerSecond, long nowNanos) {
        begunNanos = nowNanos;
        pace = new Pace(bytesPerSecond);
        StoreCheck begun = store.beginCheck();
        check = Optional.of(begun);
        totalBytes = begun.totalBytes() + stateMachine.durableBytes();
        doneBytes = 0;
        stateFile = "";
        phase = Phase.LOG;
        show();
    }

    private long rate() {
        long seconds = Math.max(1, config.interval().toSeconds());
        long bytes = store.log().sizeBytes() + stateMachine.durableBytes();
        return Math.min(config.bytesPerSecond(), Math.max(BYTES_PER_SECOND_MIN, bytes / seconds + 1));
    }

    /** Returns the nanos until the next step. */
    long step(long nowNanos) throws IOException {
        if (phase == Phase.RESTING) {
            if (count()) {
                damageFound.run(); // a read that found it beside what it wanted told nobody
            }
            if (config.interval().isZero()) {
                return Long.MAX_VALUE;
            }
            if (beginsNanos - nowNanos > 0) {
                return beginsNanos - nowNanos;
            }
            // What happened to the disk while the process was away is unknown: the first reading is soon over.
            start(finished == 0 ? config.bytesPerSecond() : rate(), nowNanos);
        }
        long waitNanos = pace.waitNanos(nowNanos);
        if (phase == Phase.SMALL_FILES || waitNanos > 0) {
            return phase == Phase.SMALL_FILES ? Long.MAX_VALUE : waitNanos;
        }
        if (phase == Phase.LOG) {
            readLog(nowNanos);
        } else if (phase == Phase.STATE) {
            readState(nowNanos);
        }
        show();
        return phase == Phase.SMALL_FILES ? Long.MAX_VALUE : 1;
    }

    private void readLog(long nowNanos) throws IOException {
        StoreCheck reading = check.orElseThrow();
        pace.moved(reading.step(STRETCH_BYTES), nowNanos);
        doneBytes = reading.doneBytes();
        if (count()) {
            damageFound.run();
        }
        if (reading.isDone()) {
            phase = Phase.SMALL_FILES;
            List<String> renewed = new ArrayList<>();
            change.accept(() -> renewed.addAll(store.renewSmallFiles(reading.badIndexes())), () -> {
                if (!renewed.isEmpty()) {
                    log.warn("files were damaged and have been written anew files={}", renewed);
                    damaged += renewed.size();
                    repaired += renewed.size();
                }
                phase = Phase.STATE;
                show();
            });
        }
    }

    private void readState(long nowNanos) throws IOException {
        Optional<StateMachine.CheckedFile> next = stateMachine.checkFileAfter(stateFile);
        if (next.isEmpty()) {
            finished++;
            log.info(
                    "everything at rest was read bytes={} seconds={} damaged={} repaired={}",
                    totalBytes,
                    (nowNanos - begunNanos) / 1_000_000_000,
                    damaged,
                    repaired);
            end(nowNanos);
            return;
        }
        StateMachine.CheckedFile file = next.get();
        stateFile = file.name();
        pace.moved(file.sizeBytes(), nowNanos);
        doneBytes = Math.min(totalBytes, doneBytes + file.sizeBytes());
        if (file.problem().isPresent()
                && stateDamage.put(file.name(), file.problem().get()) == null) {
            damaged++;
            log.error(
                    "a file of the state is damaged file={} detail={}",
                    file.name(),
                    file.problem().get());
        }
    }

    private void end(long nowNanos) throws IOException {
        if (check.isPresent()) {
            check.get().close();
            check = Optional.empty();
        }
        if (phase != Phase.RESTING) {
            phase = Phase.RESTING;
            doneBytes = totalBytes;
            beginsNanos = Math.max(nowNanos + 1, begunNanos + config.interval().toNanos());
            show();
        }
    }

    /** The lane ends. */
    void stop() throws IOException {
        if (check.isPresent()) {
            check.get().close();
        }
    }

    /** A snapshot replaced log and state. */
    void restart(long nowNanos) throws IOException {
        repaired += stateDamage.size();
        stateDamage.clear();
        if (phase != Phase.SMALL_FILES) {
            end(nowNanos);
        }
    }

    /** Whatever found it: what is damaged now and was not before, and the other way round. True if there is more. */
    private boolean count() {
        List<Damage> now = store.log().damage();
        List<String> wornNow = store.log().worn();
        if (now.equals(counted) && wornNow.equals(worn)) {
            return false;
        }
        List<Damage> before = counted;
        List<String> wornBefore = worn;
        long more = now.stream().filter(d -> !overlaps(before, d)).count()
                + wornNow.stream().filter(w -> !wornBefore.contains(w)).count();
        damaged += more;
        repaired += before.stream().filter(d -> !overlaps(now, d)).count()
                + wornBefore.stream().filter(w -> !wornNow.contains(w)).count();
        counted = now;
        worn = wornNow;
        show();
        return more > 0;
    }

    private static boolean overlaps(List<Damage> list, Damage one) {
        return list.stream().anyMatch(d -> d.toIndex() >= one.fromIndex() && d.fromIndex() <= one.toIndex());
    }

    private void show() {
        List<String> open = new ArrayList<>();
        counted.stream()
                .limit(SHOWN_MAX)
                .map(d -> d.file() + ": entries " + d.fromIndex() + " to " + d.toIndex() + ", " + d.detail())
                .forEach(open::add);
        worn.forEach(file -> open.add(file + ": a spare copy of its header or of an end mark"));
        stateDamage.forEach((name, problem) -> open.add(name + ": " + problem));
        status = new ScrubStatus(phase != Phase.RESTING, finished, doneBytes, totalBytes, damaged, repaired, open);
    }
}
