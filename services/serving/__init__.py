"""What starts and stops one service: its settings, its log, its server, its errors."""
