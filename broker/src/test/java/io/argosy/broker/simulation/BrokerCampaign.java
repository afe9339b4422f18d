package io.argosy.broker.simulation;

import io.argosy.raft.sim.Campaign;

/** What {@code scripts/simulate.sh --state broker} and {@code --state rocksdb} start. */
public final class BrokerCampaign {

    private BrokerCampaign() {}

    /** Exit code 1 if a seed failed. The property {@code sim.state} names the store. */
    public static void main(String[] args) throws Exception {
        boolean onRocksDb = "rocksdb".equals(System.getProperty("sim.state"));
        System.exit(Campaign.run(args, onRocksDb ? BrokerWorkload::onRocksDb : BrokerWorkload::inMemory));
    }
}
