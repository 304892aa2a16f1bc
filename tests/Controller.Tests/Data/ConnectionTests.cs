using System.Data.Common;
using Appliance.Controller.Data;
using Microsoft.Data.Sqlite;

namespace Appliance.Controller.Tests.Data;

/// <summary>Statements are prepared once, however often they run, and those of long ago go first.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly Connection _connection;

    public ConnectionTests()
    {
        var sqlite = new SqliteConnection("Data Source=:memory:");
        sqlite.Open();
        _connection = new Connection(sqlite);
    }

    [Fact]
    public void A_statement_that_runs_again_and_again_stays_prepared()
    {
        var first = Use("SELECT 1");
        for (var i = 0; i < 2000; i++)
            Assert.Same(first, Use("SELECT 1"));
    }

    [Fact]
    public void Other_statements_drop_the_one_that_was_idle_longest_and_spare_the_busy_one()
    {
        var (busy, idle) = (Use("SELECT 1"), Use("SELECT 2"));
        for (var i = 3; i < 600; i++)
        {
            Use($"SELECT {i}");
            Assert.Same(busy, Use("SELECT 1"));
        }

        Assert.NotSame(idle, Use("SELECT 2"));
    }

    [Fact]
    public void Nested_uses_of_one_text_have_a_command_each()
    {
        var outer = _connection.Rent("SELECT 1");
        var inner = _connection.Rent("SELECT 1");
        Assert.NotSame(outer, inner);
        _connection.Return(inner);
        _connection.Return(outer);
        Assert.Same(inner, _connection.Rent("SELECT 1"));
    }

    public void Dispose() => _connection.Dispose();

    private DbCommand Use(string sql)
    {
        var command = _connection.Rent(sql);
        command.ExecuteScalar();
        _connection.Return(command);
        return command;
    }
}
