/**
 * Operator commands, on the admin listener, behind the cluster secret. Reads are answered from what is applied here;
 * changes go to the leader, one hop at most. Handlers run on network threads and never wait.
 */
@NullMarked
package io.argosy.broker.admin;

import org.jspecify.annotations.NullMarked;
