package io.argosy.chaos;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Strikes the leader again and again under a steady load and prints the longest gaps between acknowledgements. */
@Command(name = "failover", mixinStandardHelpOptions = true)
public final class Failover implements Callable<Integer> {

    private static final int REPLICAS = 3;

    private final PrintStream out = System.out;

    @Option(names = "--home", required = true, description = "the checkout")
    private Path home = Path.of(".");

    @Option(names = "--dir", required = true, description = "folder of the cluster, wiped first")
    private Path folder = Path.of("data");

    @Option(names = "--base-port", required = true)
    private int basePort;

    @Option(names = "--fault", defaultValue = "kill", description = "all, or one of ${COMPLETION-CANDIDATES}")
    private String fault = "kill";

    @Option(names = "--rounds", defaultValue = "20")
    private int rounds;

    @Option(names = "--rate", defaultValue = "500", description = "messages per second")
    private int rate;

    @Option(names = "--client", defaultValue = "argosy", description = "${COMPLETION-CANDIDATES}")
    private FaultSeries.Client client = FaultSeries.Client.argosy;

    @Option(names = "--seed", description = "of the pauses between rounds", defaultValue = "1")
    private long seed;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Failover()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        List<Fault> faults = fault.equals("all") ? List.of(Fault.values()) : List.of(Fault.valueOf(fault));
        List<FaultSeries.Result> results = new ArrayList<>();
        for (Fault each : faults) {
            try (Cluster cluster = new Cluster(home, folder, basePort, REPLICAS, each.environment(home))) {
                if (!results.isEmpty()) {
                    cluster.wipe();
                }
                cluster.start();
                FaultSeries.Load load = new FaultSeries.Load(client, rate, seed);
                results.add(new FaultSeries(cluster, each, rounds, load, out).run());
            }
        }
        print(results);
        return results.stream().allMatch(FaultSeries.Result::good) ? 0 : 1;
    }

    private void print(List<FaultSeries.Result> results) {
        out.println();
        out.printf(
                "  %-26s %6s %6s   %8s %8s   %8s %8s   %9s %6s %6s %10s%n",
                "write gap, ms",
                "rounds",
                "calm",
                "p50",
                "max",
                "aim p50",
                "aim max",
                "sent",
                "failed",
                "lost",
                "duplicated");
        for (FaultSeries.Result result : results) {
            out.printf(
                    Locale.ROOT,
                    "  %-26s %6d %6d   %,8d %,8d   %,8d %,8d   %,9d %6d %6d %10d%n",
                    result.fault().title,
                    result.gapsMillis().size(),
                    result.calmMedian(),
                    result.median(),
                    result.max(),
                    result.fault().aimMedianMillis,
                    result.fault().aimMaxMillis,
                    result.sent(),
                    result.failed(),
                    result.lost(),
                    result.duplicated());
        }
    }
}
