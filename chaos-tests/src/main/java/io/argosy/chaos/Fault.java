package io.argosy.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What a leader suffers, and the write gap that is aimed at. */
enum Fault {
    /** SIGKILL. */
    kill("kill -9 of the leader", 60, 250) {
        @Override
        void strike(Cluster cluster, AdminPort admin, int leader) {
            cluster.kill(leader);
        }

        @Override
        void heal(Cluster cluster, int leader) {
            cluster.restart(leader);
        }
    },
    /** SIGSTOP: its connections stand, and nothing comes. */
    pause("SIGSTOP of the leader", 600, 1200) {
        @Override
        void strike(Cluster cluster, AdminPort admin, int leader) {
            cluster.pause(leader);
        }

        @Override
        void heal(Cluster cluster, int leader) {
            cluster.resume(leader);
        }
    },
    /** No sync returns. */
    disk("fsync hangs on the leader", 1500, 1500) {
        @Override
        void strike(Cluster cluster, AdminPort admin, int leader) {
            try {
                Files.createFile(hangFile(cluster, leader));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        void heal(Cluster cluster, int leader) {
            try {
                Files.deleteIfExists(hangFile(cluster, leader));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        Map<String, String> environment(Path home) {
            return Map.of(
                    "CHAOS_BROKER_MAIN",
                    HangingDiskBroker.class.getName(),
                    "CHAOS_CLASSES",
                    home.resolve("chaos-tests/target/classes").toAbsolutePath().toString());
        }

        private Path hangFile(Cluster cluster, int replica) {
            return HangingDisk.hangFile(cluster.replicaFolder(replica));
        }
    },
    /** Leadership is handed over on demand, as before a planned stop. */
    transfer("planned transfer", 10, 50) {
        @Override
        void strike(Cluster cluster, AdminPort admin, int leader) {
            admin.transferLeadership(cluster, leader);
        }

        @Override
        void heal(Cluster cluster, int leader) {
            // Nothing is broken.
        }
    };

    final String title;
    final long aimMedianMillis;
    final long aimMaxMillis;

    Fault(String title, long aimMedianMillis, long aimMaxMillis) {
        this.title = title;
        this.aimMedianMillis = aimMedianMillis;
        this.aimMaxMillis = aimMaxMillis;
    }

    /** Returns once it is done, or on its way. */
    abstract void strike(Cluster cluster, AdminPort admin, int leader);

    abstract void heal(Cluster cluster, int leader);

    /** What the cluster's processes need so that they can be struck. */
    Map<String, String> environment(Path home) {
        return Map.of();
    }
}
