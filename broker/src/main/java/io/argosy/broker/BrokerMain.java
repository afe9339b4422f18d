package io.argosy.broker;

import io.argosy.raft.node.FailureHook;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.server.process.ServerProcess;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The broker as a process: {@code --config FILE} and overrides. */
public final class BrokerMain {

    private static final Logger log = LoggerFactory.getLogger(BrokerMain.class);

    private BrokerMain() {}

    public static void main(String[] args) {
        run(args, new FileSystemDisk());
    }

    /** @param disk for log and identity */
    public static void run(String[] args, Disk disk) {
        // Threads that own replicated state halt the process themselves; what ends here has only lost its own thread.
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
                log.error("thread ended by an uncaught error thread={}", thread.getName(), failure));
        new ServerProcess("broker", BrokerKeys.ALL, config -> {
                    BrokerConfig bound = BrokerKeys.configOf(config);
                    Broker.secret(bound);
                    return () -> Broker.start(bound, disk, FailureHook.HALT);
                })
                .run(args);
    }
}
