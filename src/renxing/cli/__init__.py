# SPDX-License-Identifier: Apache-2.0
"""The command line `renxing`: one file for each command."""
