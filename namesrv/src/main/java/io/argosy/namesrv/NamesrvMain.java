package io.argosy.namesrv;

import io.argosy.server.process.ServerProcess;

/** The name server as a process: {@code --config FILE} and overrides. */
public final class NamesrvMain {

    private NamesrvMain() {}

    public static void main(String[] args) {
        new ServerProcess("namesrv", NamesrvConfig.KEYS, config -> {
                    NamesrvConfig bound = NamesrvConfig.of(config);
                    Namesrv.secret(bound.secretFile());
                    return () -> Namesrv.start(bound);
                })
                .run(args);
    }
}
