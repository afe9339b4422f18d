package io.argosy.chaos;

import io.argosy.broker.BrokerMain;

/** A broker process as any other, on a {@link HangingDisk}. */
public final class HangingDiskBroker {

    private HangingDiskBroker() {}

    public static void main(String[] args) {
        BrokerMain.run(args, new HangingDisk());
    }
}
