package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.client.ClusterDescription.Replica;
import io.argosy.proto.v1.ScrubRequest;
import io.argosy.proto.v1.ScrubResponse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy raft scrub}. */
@Command(
        name = "scrub",
        description = {
            "Reads all files of one replica, or of all, and compares their checksums; what is damaged is repaired",
            "from the other replicas. They do so by themselves every raft.scrubInterval.",
            "Ends with 5 if something is damaged and was not repaired, or a replica could not be asked."
        },
        mixinStandardHelpOptions = true)
final class ScrubCommand implements Callable<Integer> {

    private static final long PAUSE_MILLIS = 500;
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(2);

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final GroupReplicas replicas = new GroupReplicas();

    @Option(
            names = "--replica",
            paramLabel = "N",
            converter = ReplicaIdConverter.class,
            description = "Only this replica")
    private int id;

    @Option(
            names = "--rate",
            paramLabel = "MIB",
            description = "MiB to read per second and replica (default: raft.scrubBytesPerSecond)")
    private @Nullable Long mebibytesPerSecond;

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description = "How long to wait for repairs once all is read (default: ${DEFAULT-VALUE})")
    private Duration wait = Duration.ZERO;

    /** One replica that is asked; {@code before} are the readings that had ended by then. */
    private record Asked(Replica replica, long before) {}

    @Override
    public Integer call() {
        long bytesPerSecond = bytesPerSecond();
        try (AdminClient admin = common.admin()) {
            Group group = replicas.find(admin);
            List<Replica> wanted = group.replicas().stream()
                    .filter(replica -> id == 0 || replica.replicaId() == id)
                    .toList();
            if (wanted.isEmpty()) {
                throw new CommandFailure(
                        ExitCodes.REFUSED,
                        "group " + group.name() + " has no replica " + id
                                + ": 'argosy raft status' lists those it has");
            }
            Map<Integer, String> failures = new TreeMap<>();
            Map<Integer, Asked> asked = new TreeMap<>();
            for (Replica replica : wanted) {
                try {
                    asked.put(replica.replicaId(), new Asked(replica, begin(admin, replica, bytesPerSecond)));
                } catch (CommandFailure e) {
                    failures.put(replica.replicaId(), String.valueOf(e.getMessage()));
                }
            }
            Map<Integer, ScrubResponse> seen = await(admin, asked, failures);
            show(group, seen, failures);
            boolean whole = failures.isEmpty() && seen.values().stream().allMatch(s -> s.getOpenCount() == 0);
            return whole ? ExitCodes.OK : ExitCodes.PARTIAL;
        }
    }

    /** 0 as configured, if nobody chose. */
    private long bytesPerSecond() {
        if (mebibytesPerSecond == null) {
            return 0;
        }
        if (mebibytesPerSecond <= 0 || mebibytesPerSecond > Long.MAX_VALUE >> 20) {
            throw new CommandFailure(ExitCodes.USAGE, "--rate must be positive");
        }
        return mebibytesPerSecond << 20;
    }

    private static long begin(AdminClient admin, Replica replica, long bytesPerSecond) {
        ScrubRequest request = ScrubRequest.newBuilder()
                .setBegin(true)
                .setBytesPerSecond(bytesPerSecond)
                .build();
        return admin.askAt(replica.adminAddress(), stub -> stub.scrub(request), ScrubResponse::getStatus)
                .getFinished();
    }

    /** Until all is read, and what was damaged is repaired or time is up. */
    private Map<Integer, ScrubResponse> await(
            AdminClient admin, Map<Integer, Asked> asked, Map<Integer, String> failures) {
        Map<Integer, ScrubResponse> seen = new TreeMap<>();
        Map<Integer, Long> readNanos = new TreeMap<>();
        long nextLineNanos = System.nanoTime() + LINE_NANOS;
        while (true) {
            boolean waiting = false;
            for (Asked one : asked.values()) {
                int replica = one.replica.replicaId();
                if (failures.containsKey(replica)) {
                    continue;
                }
                try {
                    ScrubResponse now = admin.askAt(
                            one.replica.adminAddress(),
                            stub -> stub.scrub(ScrubRequest.getDefaultInstance()),
                            ScrubResponse::getStatus);
                    seen.put(replica, now);
                    boolean read = now.getFinished() > one.before;
                    if (read) {
                        readNanos.putIfAbsent(replica, System.nanoTime());
                    }
                    waiting |= !read
                            || (now.getOpenCount() > 0
                                    && System.nanoTime() - readNanos.getOrDefault(replica, 0L) < wait.toNanos());
                } catch (CommandFailure e) {
                    failures.put(replica, String.valueOf(e.getMessage()));
                }
            }
            if (!waiting) {
                return seen;
            }
            if (System.nanoTime() - nextLineNanos >= 0) {
                nextLineNanos = System.nanoTime() + LINE_NANOS;
                seen.forEach((replica, now) -> common.say(progress(replica, now)));
            }
            pause();
        }
    }

    private static String progress(int replica, ScrubResponse now) {
        return String.format(
                Locale.ROOT,
                "replica %d: %,d of %,d bytes read, %d damaged, %d repaired",
                replica,
                now.getDoneBytes(),
                now.getTotalBytes(),
                now.getDamaged(),
                now.getRepaired());
    }

    private void show(Group group, Map<Integer, ScrubResponse> seen, Map<Integer, String> failures) {
        var body = Output.object().put("group", group.name());
        var list = body.putArray("replicas");
        StringBuilder text = new StringBuilder();
        seen.forEach((replica, now) -> {
            var node = list.addObject()
                    .put("replicaId", replica)
                    .put("readBytes", now.getDoneBytes())
                    .put("damaged", now.getDamaged())
                    .put("repaired", now.getRepaired())
                    .put("problem", failures.getOrDefault(replica, ""));
            var open = node.putArray("open");
            now.getOpenList().forEach(open::add);
            text.append(progress(replica, now)).append(" since it started").append(System.lineSeparator());
            now.getOpenList()
                    .forEach(place ->
                            text.append("  STILL DAMAGED ").append(place).append(System.lineSeparator()));
        });
        failures.forEach((replica, problem) -> {
            if (!seen.containsKey(replica)) {
                list.addObject().put("replicaId", replica).put("problem", problem);
            }
            text.append("replica ").append(replica).append(": ").append(problem).append(System.lineSeparator());
        });
        common.output().one("Scrubbed", body, text::toString);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCodes.FAILED, "interrupted");
        }
    }
}
